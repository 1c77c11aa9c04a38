"""The core: cells, schedules and message-passing layers. Tensors in, tensors out."""
