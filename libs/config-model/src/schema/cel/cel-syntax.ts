import { CelSyntaxError, type CelToken, celTokens } from "./cel-tokens.ts";

export type BinaryOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "+" | "-" | "*" | "/" | "%";

/** A rule's tree, as the Common Expression Language's grammar has it. */
export type CelExpression =
  | { readonly type: "literal"; readonly value: null | boolean | number | string }
  | { readonly type: "identifier"; readonly name: string }
  | { readonly type: "select"; readonly of: CelExpression; readonly field: string }
  | { readonly type: "index"; readonly of: CelExpression; readonly index: CelExpression }
  | {
      readonly type: "call";
      readonly name: string;
      /** Undefined for a function, the receiver for a method or a macro. */
      readonly of: CelExpression | undefined;
      readonly args: readonly CelExpression[];
    }
  | { readonly type: "list"; readonly items: readonly CelExpression[] }
  | { readonly type: "map"; readonly entries: readonly (readonly [CelExpression, CelExpression])[] }
  | { readonly type: "not" | "negate"; readonly of: CelExpression }
  | { readonly type: "and" | "or"; readonly left: CelExpression; readonly right: CelExpression }
  | {
      readonly type: "binary";
      readonly operator: BinaryOperator;
      readonly left: CelExpression;
      readonly right: CelExpression;
    }
  | {
      readonly type: "conditional";
      readonly condition: CelExpression;
      readonly yes: CelExpression;
      readonly no: CelExpression;
    };

/** Deeper rules are refused; the deepest of the CRDs has 20 levels. */
const DEPTH_MAX = 200;

const RELATIONS = ["==", "!=", "<=", ">=", "<", ">", "in"] as const;

/** The tree of a rule. Throws CelSyntaxError for what is no CEL, or is not supported here. */
export function parseCel(source: string): CelExpression {
  const parser = new CelParser(source);
  const expression = parser.conditional();
  parser.end();
  return expression;
}

/** One method a level of the grammar, lowest precedence first. */
class CelParser {
  readonly #source: string;
  readonly #tokens: readonly CelToken[];
  #next = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = celTokens(source);
  }

  end(): void {
    if (this.#peek().type !== "end") throw this.#unexpected("the end");
  }

  conditional(): CelExpression {
    if (++this.#depth > DEPTH_MAX) throw this.#unexpected(`at most ${DEPTH_MAX} levels`);
    const condition = this.#or();
    let expression = condition;
    if (this.#takes("?")) {
      const yes = this.#or();
      this.#take(":");
      expression = { type: "conditional", condition, yes, no: this.conditional() };
    }
    this.#depth--;
    return expression;
  }

  #or(): CelExpression {
    let left = this.#and();
    while (this.#takes("||")) left = { type: "or", left, right: this.#and() };
    return left;
  }

  #and(): CelExpression {
    let left = this.#relation();
    while (this.#takes("&&")) left = { type: "and", left, right: this.#relation() };
    return left;
  }

  #relation(): CelExpression {
    return this.#binary(RELATIONS, () => this.#addition());
  }

  #addition(): CelExpression {
    return this.#binary(["+", "-"], () => this.#multiplication());
  }

  #multiplication(): CelExpression {
    return this.#binary(["*", "/", "%"], () => this.#unary());
  }

  #binary(operators: readonly BinaryOperator[], operand: () => CelExpression): CelExpression {
    let left = operand();
    for (;;) {
      const operator = operators.find((candidate) => this.#takes(candidate));
      if (operator === undefined) return left;
      left = { type: "binary", operator, left, right: operand() };
    }
  }

  #unary(): CelExpression {
    if (++this.#depth > DEPTH_MAX) throw this.#unexpected(`at most ${DEPTH_MAX} levels`);
    const type = this.#takes("!") ? "not" : this.#takes("-") ? "negate" : undefined;
    const expression: CelExpression = type === undefined ? this.#member() : { type, of: this.#unary() };
    this.#depth--;
    return expression;
  }

  #member(): CelExpression {
    let expression = this.#primary();
    for (;;) {
      if (this.#takes(".")) {
        const name = this.#identifier();
        if (this.#takes("("))
          expression = { type: "call", name, of: expression, args: this.#expressions(")") };
        else expression = { type: "select", of: expression, field: unescapeField(name) };
      } else if (this.#takes("[")) {
        expression = { type: "index", of: expression, index: this.conditional() };
        this.#take("]");
      } else return expression;
    }
  }

  #primary(): CelExpression {
    const token = this.#peek();
    if (token.type === "string" || token.type === "int") {
      this.#next++;
      return { type: "literal", value: token.value };
    }
    if (this.#takes("(")) {
      const inner = this.conditional();
      this.#take(")");
      return inner;
    }
    if (this.#takes("[")) return { type: "list", items: this.#expressions("]") };
    if (this.#takes("{")) return { type: "map", entries: this.#entries() };
    const name = this.#identifier();
    if (name === "true" || name === "false") return { type: "literal", value: name === "true" };
    if (name === "null") return { type: "literal", value: null };
    return this.#takes("(")
      ? { type: "call", name, of: undefined, args: this.#expressions(")") }
      : { type: "identifier", name };
  }

  #expressions(closing: ")" | "]"): CelExpression[] {
    const expressions: CelExpression[] = [];
    if (this.#takes(closing)) return expressions;
    do expressions.push(this.conditional());
    while (this.#takes(","));
    this.#take(closing);
    return expressions;
  }

  #entries(): [CelExpression, CelExpression][] {
    const entries: [CelExpression, CelExpression][] = [];
    if (this.#takes("}")) return entries;
    do {
      const key = this.conditional();
      this.#take(":");
      entries.push([key, this.conditional()]);
    } while (this.#takes(","));
    this.#take("}");
    return entries;
  }

  #identifier(): string {
    const token = this.#peek();
    if (token.type !== "identifier" || token.text === "in") throw this.#unexpected("a name or a value");
    this.#next++;
    return token.text;
  }

  #peek(): CelToken {
    return this.#tokens[this.#next]!;
  }

  #takes(text: string): boolean {
    const token = this.#peek();
    if (token.text !== text || token.type === "string" || token.type === "end") return false;
    this.#next++;
    return true;
  }

  #take(text: string): void {
    if (!this.#takes(text)) throw this.#unexpected(text);
  }

  #unexpected(expected: string): CelSyntaxError {
    return new CelSyntaxError(`expected ${expected}`, this.#source, this.#peek().at);
  }
}

const ESCAPED: Readonly<Record<string, string>> = {
  __underscores__: "__",
  __dot__: ".",
  __dash__: "-",
  __slash__: "/",
};
const RESERVED =
  /^__(true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while)__$/;

/** The field that a name of CEL stands for: Kubernetes writes `namespace`, a word of CEL, as `__namespace__`. */
function unescapeField(name: string): string {
  const word = RESERVED.exec(name);
  if (word !== null) return word[1]!;
  return name.replaceAll(/__(?:underscores|dot|dash|slash)__/g, (escaped) => ESCAPED[escaped]!);
}
