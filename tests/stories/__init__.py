"""What a push means, told from the outside: DESIGN sections 4 to 7 as stories, on both databases."""
