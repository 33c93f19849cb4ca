"""Evaluator and optimizer: a draft is judged against the criteria and improved, until it passes or nothing helps."""

from langgraph.graph import END, START

from fanloom import Context, StateGraph
from nodes.refine.nodes import after_evaluation, after_improvement, check_input, evaluate, finish, improve, write_draft
from nodes.refine.state import RefineInput, RefineOutput, RefineState

builder = StateGraph(RefineState, context_schema=Context, input_schema=RefineInput, output_schema=RefineOutput)
builder.add_node("check_input", check_input)
builder.add_node("write_draft", write_draft)
builder.add_node("evaluate", evaluate)
builder.add_node("improve", improve)
builder.add_node("finish", finish)
builder.add_edge(START, "check_input")
builder.add_edge("check_input", "write_draft")
builder.add_edge("write_draft", "evaluate")
builder.add_conditional_edges("evaluate", after_evaluation)
builder.add_conditional_edges("improve", after_improvement)
builder.add_edge("finish", END)

graph = builder.compile(name="refine", pattern="evaluator-optimizer")
