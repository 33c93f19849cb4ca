"""Parallel: one Send a question; each is answered and then its sources are found, whatever the others do."""

from langgraph.graph import END, START

from fanloom import StateGraph, add_fan_out
from nodes.faq import check_input, collect, generate_questions
from nodes.faq.checks import as_planned
from nodes.faq.context import FaqContext
from nodes.faq.parallel import answer_question
from nodes.faq.state import FaqInput, FaqOutput, FaqState

builder = StateGraph(FaqState, context_schema=FaqContext, input_schema=FaqInput, output_schema=FaqOutput)
builder.add_node("check_input", check_input)
builder.add_node("generate_questions", generate_questions)
builder.add_node("collect", collect)
builder.add_edge(START, "check_input")
builder.add_edge("check_input", "generate_questions")
add_fan_out(
    builder,
    "generate_questions",
    worker="answer_question",
    action=answer_question,
    join="collect",
    over="questions",
    asked="wanted",
    eager=as_planned,
)
builder.add_edge("collect", END)

graph = builder.compile(name="faq_parallel", pattern="parallel")
