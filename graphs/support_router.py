"""Routing: the message is classified, and a conditional edge leads to the one handler for its kind."""

from langgraph.graph import END, START

from fanloom import StateGraph
from nodes.support_router import (
    RouterContext,
    RouterInput,
    RouterOutput,
    RouterState,
    billing_inquiry,
    check_input,
    chosen_intent,
    classify,
    general_question,
    technical_support,
)

builder = StateGraph(RouterState, context_schema=RouterContext, input_schema=RouterInput, output_schema=RouterOutput)
builder.add_node("check_input", check_input)
builder.add_node("classify", classify)
builder.add_node("technical_support", technical_support)
builder.add_node("billing_inquiry", billing_inquiry)
builder.add_node("general_question", general_question)
builder.add_edge(START, "check_input")
builder.add_edge("check_input", "classify")
builder.add_conditional_edges(
    "classify",
    chosen_intent,
    {
        "Technical Support": "technical_support",
        "Billing Inquiry": "billing_inquiry",
        "General Question": "general_question",
    },
)
builder.add_edge("technical_support", END)
builder.add_edge("billing_inquiry", END)
builder.add_edge("general_question", END)

graph = builder.compile(name="support_router", pattern="router")
