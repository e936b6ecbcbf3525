"""Pure code: the standard library only, no Django, no clock, no input or output."""
