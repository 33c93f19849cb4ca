"""A prompt chain: the questions first, then each in turn is answered and its sources are found."""

from langgraph.graph import END, START

from fanloom import StateGraph
from nodes.faq import check_input, collect, generate_questions
from nodes.faq.chain import after_answer, answer_question, find_sources, next_question
from nodes.faq.context import FaqContext
from nodes.faq.state import FaqInput, FaqOutput, FaqState

builder = StateGraph(FaqState, context_schema=FaqContext, input_schema=FaqInput, output_schema=FaqOutput)
builder.add_node("check_input", check_input)
builder.add_node("generate_questions", generate_questions)
builder.add_node("answer_question", answer_question)
builder.add_node("find_sources", find_sources)
builder.add_node("collect", collect)
builder.add_edge(START, "check_input")
builder.add_edge("check_input", "generate_questions")
builder.add_conditional_edges("generate_questions", next_question)
builder.add_conditional_edges("answer_question", after_answer)
builder.add_conditional_edges("find_sources", next_question)
builder.add_edge("collect", END)

graph = builder.compile(name="faq_chain", pattern="chain")
