"""What every browser page shares: cookies, pages, same-origin rule, finding the identity provider, local sign-in."""
