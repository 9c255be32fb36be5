import type { SyntaxNode } from '@lezer/common'
import { must } from '../../values/must.ts'
import { Bytes, ELLIPSIS } from '../python/values.ts'
import { readNumber, readString } from './literals.ts'
import {
  BINARY_OPERATORS,
  type BinaryOperator,
  type Expression,
  QbError,
  UNARY_OPERATORS,
  type UnaryOperator,
} from './syntax.ts'

/** Maximum nesting of an expression. Much deeper expressions would overflow the call stack. */
const MAX_DEPTH = 1_000

/**
 * Converts a node of Lezer's tree. The node must contain no error nodes, except those of numbers such as `5.`. `text`
 * is the parsed text. Throws `QbError`.
 */
export const readExpression = (node: SyntaxNode, text: string): Expression => new ExpressionReader(text).read(node, 0)

export const childrenOf = (node: SyntaxNode): SyntaxNode[] => {
  const children: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'Comment') children.push(child)
  return children
}

export const syntaxError = (text: string, at: number): QbError => {
  const found = text.slice(at).trimStart()
  const reason = found === '' ? 'the expression ends too early' : `unexpected ${JSON.stringify(found.slice(0, 10))}`
  return new QbError(reason, at)
}

/** Returns an error that begins with `what`. Operators and keywords in `what` must have backquotes. */
const unsupported = (what: string, at: number, hint = ''): QbError =>
  new QbError(`${what} is not supported in qb${hint}`, at)

type ReadChild = (child: SyntaxNode | undefined) => Expression

class ExpressionReader {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  read(node: SyntaxNode, depth: number): Expression {
    if (depth > MAX_DEPTH) throw new QbError(`the expression nests deeper than ${MAX_DEPTH} levels`, node.from)
    const at = node.from
    const children = childrenOf(node)
    const readChild: ReadChild = (child) => this.read(must(child), depth + 1)
    switch (node.name) {
      case 'Number':
        return { kind: 'constant', at, value: readNumber(this.#textOf(node), at) }
      case 'String':
        return { kind: 'constant', at, value: readString(this.#textOf(node), at) }
      case 'ContinuedString':
        return { kind: 'constant', at, value: this.#joinedString(children, at) }
      case 'Boolean':
        return { kind: 'constant', at, value: this.#textOf(node) === 'True' }
      case 'None':
        return { kind: 'constant', at, value: null }
      case 'Ellipsis':
        return { kind: 'constant', at, value: ELLIPSIS }
      case 'VariableName':
        return { kind: 'name', at, name: this.#textOf(node) }
      case 'ParenthesizedExpression':
        return readChild(children[1])
      case 'ArrayExpression':
        return { kind: 'list', at, items: this.#items(children).map(readChild) }
      case 'TupleExpression':
        return { kind: 'tuple', at, items: this.#items(children).map(readChild) }
      case 'MemberExpression':
        return this.#member(node, children, readChild)
      case 'CallExpression':
        return { kind: 'call', at, callee: readChild(children[0]), ...this.#arguments(children[1], readChild) }
      case 'UnaryExpression':
        return { kind: 'unary', at, operator: this.#unaryOperator(children), operand: readChild(children[1]) }
      case 'BinaryExpression':
        return this.#binary(children, readChild)
      default:
        throw unsupported(DESCRIPTIONS[node.name] ?? `\`${node.name}\``, at)
    }
  }

  #textOf({ from, to }: SyntaxNode): string {
    return this.#text.slice(from, to)
  }

  /** Joins adjacent literals. For example, `"a" "b"` is `"ab"`. */
  #joinedString(parts: readonly SyntaxNode[], at: number): string | Bytes {
    const values = parts.map((part) => {
      if (part.name !== 'String') throw unsupported(must(DESCRIPTIONS[part.name]), part.from)
      return readString(this.#textOf(part), part.from)
    })
    const strings = values.filter((value) => typeof value === 'string')
    const bytes = values.filter((value) => value instanceof Bytes)
    if (bytes.length === 0) return strings.join('')
    if (strings.length > 0) throw new QbError('a string and bytes cannot be joined', at)
    return new Bytes(bytes.map(({ latin1 }) => latin1).join(''))
  }

  /** Returns the nodes between brackets, without commas. Throws `QbError` if an item is unpacked with `*` or `**`. */
  #items(children: readonly SyntaxNode[]): SyntaxNode[] {
    const items = children.slice(1, -1).filter(({ name }) => name !== ',')
    const star = items.find(({ name }) => name === '*' || name === '**')
    if (star !== undefined) throw unsupported('unpacking with `*`', star.from)
    return items
  }

  #member(node: SyntaxNode, children: readonly SyntaxNode[], readChild: ReadChild): Expression {
    const at = node.from
    const [of, sign, name] = [must(children[0]), must(children[1]), must(children[2])]
    if (of.name === 'Number') {
      // Lezer parses `5.` as an attribute without a name.
      const { to } = name.type.isError ? sign : name
      return { kind: 'constant', at, value: readNumber(this.#text.slice(at, to), at) }
    }
    if (sign.name === '.') return { kind: 'attribute', at: name.from, of: readChild(of), name: this.#textOf(name) }
    if (children.length !== 4)
      throw new QbError('brackets must contain one string, the name of a field, such as QB["a"]', name.from)
    return { kind: 'subscript', at, of: readChild(of), key: readChild(name) }
  }

  #arguments(
    list: SyntaxNode | undefined,
    readChild: ReadChild,
  ): { positional: Expression[]; named: [string, Expression][] } {
    const positional: Expression[] = []
    const named: [string, Expression][] = []
    const items = this.#items(childrenOf(must(list)))
    for (const [k, item] of items.entries()) {
      const [before, after] = [items[k - 1], items[k + 1]]
      if (item.name === 'AssignOp' || before?.name === 'AssignOp') continue
      if (after?.name === 'AssignOp') {
        if (this.#textOf(after) !== '=') throw unsupported('`:=`', after.from)
        named.push([this.#textOf(item), readChild(items[k + 2])])
      } else if (named.length > 0)
        throw new QbError('a positional argument must not follow a named argument', item.from)
      else positional.push(readChild(item))
    }
    return { positional, named }
  }

  #unaryOperator(children: readonly SyntaxNode[]): UnaryOperator {
    const text = this.#textOf(must(children[0]))
    return must(UNARY_OPERATORS.find((operator) => operator === text))
  }

  #binary(children: readonly SyntaxNode[], readChild: ReadChild): Expression {
    const [left, sign, right] = children
    const at = must(sign).from
    const operator = this.#binaryOperator(children.slice(1, -1), at)
    // Python requires parentheses around a `not` on the right side, but Lezer does not.
    if (right?.name === 'UnaryExpression' && right.firstChild?.name === 'not') throw syntaxError(this.#text, right.from)
    return { kind: 'binary', at, operator, left: readChild(left), right: readChild(right) }
  }

  /** Returns the operator of one or two nodes. `not in` and `is not` consist of two nodes. */
  #binaryOperator(signs: readonly SyntaxNode[], at: number): BinaryOperator {
    const text = signs.map((sign) => this.#textOf(sign)).join(' ')
    const operator = BINARY_OPERATORS.find((known) => known === text)
    if (operator === undefined) throw unsupported(`\`${text}\``, at, HINTS[text])
    return operator
  }
}

const HINTS: Readonly<Record<string, string>> = {
  and: ': write (…) & (…)',
  or: ': write (…) | (…)',
  in: ': write .in_([…])',
  'not in': ': write .not_in([…])',
  is: ': write .is_null()',
  'is not': ': write .is_not_null()',
}

/** The descriptions, for error messages, of the kinds of nodes that are not supported. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  FormatString: 'an f-string',
  ConditionalExpression: '`if … else`',
  LambdaExpression: '`lambda`',
  SetExpression: 'a set',
  DictionaryExpression: 'a dict',
  ArrayComprehensionExpression: 'a comprehension',
  ComprehensionExpression: 'a comprehension',
  SetComprehensionExpression: 'a comprehension',
  DictionaryComprehensionExpression: 'a comprehension',
  NamedExpression: '`:=`',
  AwaitExpression: '`await`',
  YieldExpression: '`yield`',
}
