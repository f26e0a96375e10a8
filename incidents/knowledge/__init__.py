"""知识库: direct answers with an owner and an end, found by the words of a question."""
