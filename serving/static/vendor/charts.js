// Vega-Lite in one file, with expressions interpreted and not compiled: the content security policy allows no eval.
import embed from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";

globalThis.vitrinaEmbed = (element, specification, options) =>
  embed(element, specification, { ...options, ast: true, expr: expressionInterpreter });
