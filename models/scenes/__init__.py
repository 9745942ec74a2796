"""A store that renders itself: invented products, coolers, shelves and the story of a day, with exact truth."""
