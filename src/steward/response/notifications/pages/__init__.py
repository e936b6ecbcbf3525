"""Pages: a person's contact methods and rules, the installation's channels, and the panels on other pages."""
