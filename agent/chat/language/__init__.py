"""From a sentence to intents: rules first, then a language model. The session enters by `understanding`."""
