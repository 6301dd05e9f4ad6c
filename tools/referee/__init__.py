"""The referee: is a change better or lucky, what to repeat, was it tried; numpy only, knows no storage."""
