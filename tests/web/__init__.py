"""Pages, cookies, and what happens in the browser around a sign-in."""
