"""Problems with several metrics, and what searches find of their fronts."""
