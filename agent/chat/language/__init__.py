"""From a sentence to intents: rules first, then a language model."""
