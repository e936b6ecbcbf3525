"""The room's pages, a module for each noun."""
