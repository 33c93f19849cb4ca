"""The whole FAQ in one complex call: the baseline that the other patterns are measured against."""

from langgraph.graph import END, START

from fanloom import StateGraph
from nodes.faq import check_input, collect
from nodes.faq.context import FaqContext
from nodes.faq.one_shot import write_faq
from nodes.faq.state import FaqInput, FaqOutput, FaqState

builder = StateGraph(FaqState, context_schema=FaqContext, input_schema=FaqInput, output_schema=FaqOutput)
builder.add_node("check_input", check_input)
builder.add_node("write_faq", write_faq)
builder.add_node("collect", collect)
builder.add_edge(START, "check_input")
builder.add_edge("check_input", "write_faq")
builder.add_edge("write_faq", "collect")
builder.add_edge("collect", END)

graph = builder.compile(name="faq_one_shot", pattern="single-call")
