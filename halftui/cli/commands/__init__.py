"""One module a noun; each is imported when its noun is named."""
