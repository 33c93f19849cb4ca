"""Answer for the FAQ steps by rule, from any documents: no model, no key, no network.

Each question is phrased from a sentence, so that the sentence answers it; one from elsewhere is looked up by BM25.
"""

from understudies.faq.steps import answer_question, draw_questions, find_sources, write_faq

__all__ = ["answer_question", "draw_questions", "find_sources", "write_faq"]
