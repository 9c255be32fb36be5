import type { SyntaxNode, Tree } from '@lezer/common'
import { parser } from '@lezer/python'
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

/** Deeper than people write, and far from where the calls of this parser and of the evaluator end. */
const MAX_DEPTH = 1_000

/**
 * Parses an expression of Python, as far as `qb` takes it. The grammar is Lezer's: it goes on behind an error and is more
 * lenient than Python here and there, so that what is not known by name is refused. Throws `QbError`.
 */
export const parseQb = (source: string): Expression => {
  let text = source.replace(/\r\n?/g, '\n')
  // The grammar's parser would take seconds to give up.
  const nested = /(?:[([{]\s*){1000}/.exec(text)
  if (nested !== null) throw new QbError(`the expression nests deeper than ${MAX_DEPTH}`, nested.index)
  if (text.includes('\0')) throw new QbError('a null character is not taken', text.indexOf('\0'))
  let tree = parser.parse(text)
  const known = withoutBarePoints(text, tree)
  if (known !== text) {
    text = known
    tree = parser.parse(text)
  }
  const top = tree.topNode
  const statement = onlyStatement(top, text)
  const line = text.slice(text.lastIndexOf('\n', statement.from - 1) + 1, statement.from)
  if (line !== '') throw new QbError('the expression begins with a space', statement.from - line.length)
  return new Walk(text).expression(only(statement, text), 0)
}

const BARE_POINT = /\d(?:_?\d)*\.[eE][+-]?\d(?:_?\d)*[jJ]?/y

/** `2.e-07` is a number of Python's; the grammar takes it for a difference. As `2e-07 ` nothing behind it changes its place. */
const withoutBarePoints = (text: string, tree: Tree): string => {
  const parts: string[] = []
  let end = 0
  tree.iterate({
    enter: ({ name, from }) => {
      BARE_POINT.lastIndex = from
      if (name !== 'Number' || !BARE_POINT.test(text)) return
      const point = text.indexOf('.', from)
      parts.push(text.slice(end, point), text.slice(point + 1, BARE_POINT.lastIndex), ' ')
      end = BARE_POINT.lastIndex
    },
  })
  return parts.join('') + text.slice(end)
}

const onlyStatement = (top: SyntaxNode, text: string): SyntaxNode => {
  const error = firstError(top)
  if (error !== undefined) refuseChain(top)
  const statements = childrenOf(top)
  const [statement, second] = statements
  if (statement === undefined) throw new QbError('there is no expression', 0)
  if (statement.name !== 'ExpressionStatement') {
    if (error !== undefined && error.from < statement.to) throw syntaxError(text, error.from)
    throw new QbError(`${statement.name} is not taken: write one expression`, statement.from)
  }
  if (second !== undefined)
    throw syntaxError(text, error === undefined ? second.from : Math.min(error.from, second.from))
  return statement
}

/** The grammar's parser breaks off chains somewhere past this, so that its trees stay flat. A call is two links: its name too. */
const MAX_CHAIN = 250
const LINKS = ['BinaryExpression', 'MemberExpression', 'CallExpression']

const refuseChain = (top: SyntaxNode): void => {
  const cursor = top.cursor()
  do {
    let length = 0
    for (let node = cursor.node; LINKS.includes(node.name); node = must(node.firstChild)) length += 1
    if (length < MAX_CHAIN) continue
    throw new QbError(
      `a chain of over ${MAX_CHAIN} operators, or ${MAX_CHAIN / 2} calls, is too long: write QB.any(…) or QB.all(…)`,
      cursor.from,
    )
  } while (cursor.next())
}

/** Lezer marks what it could not read, or what is lacking. */
const firstError = (node: SyntaxNode): { readonly from: number } | undefined => {
  const cursor = node.cursor()
  do if (cursor.type.isError && !isDotOfFloat(cursor.node)) return { from: cursor.from }
  while (cursor.next())
  return undefined
}

/** `5.` is a number of Python's; the grammar takes it for an attribute that lacks its name. */
const isDotOfFloat = (error: SyntaxNode): boolean =>
  error.from === error.to && error.parent?.name === 'MemberExpression' && error.parent.firstChild?.name === 'Number'

const syntaxError = (text: string, at: number): QbError => {
  const found = text.slice(at).trimStart()
  return new QbError(
    found === '' ? 'the expression ends too early' : `${JSON.stringify(found.slice(0, 10))} is not expected`,
    at,
  )
}

const only = (node: SyntaxNode, text: string): SyntaxNode => {
  const error = firstError(node)
  if (error !== undefined) throw syntaxError(text, error.from)
  const [child, second] = childrenOf(node)
  if (second !== undefined) throw new QbError('write one expression', second.from)
  return must(child)
}

const childrenOf = (node: SyntaxNode): SyntaxNode[] => {
  const children: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'Comment') children.push(child)
  return children
}

class Walk {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  expression(node: SyntaxNode, depth: number): Expression {
    if (depth > MAX_DEPTH) throw new QbError(`the expression nests deeper than ${MAX_DEPTH}`, node.from)
    const at = node.from
    const children = childrenOf(node)
    const inner = (child: SyntaxNode | undefined): Expression => this.expression(must(child), depth + 1)
    switch (node.name) {
      case 'Number':
        return { kind: 'constant', at, value: readNumber(this.#of(node), at) }
      case 'String':
        return { kind: 'constant', at, value: readString(this.#of(node), at) }
      case 'ContinuedString':
        return { kind: 'constant', at, value: this.#continued(children, at) }
      case 'Boolean':
        return { kind: 'constant', at, value: this.#of(node) === 'True' }
      case 'None':
        return { kind: 'constant', at, value: null }
      case 'Ellipsis':
        return { kind: 'constant', at, value: ELLIPSIS }
      case 'VariableName':
        return { kind: 'name', at, name: this.#of(node) }
      case 'ParenthesizedExpression':
        return inner(children[1])
      case 'ArrayExpression':
      case 'TupleExpression':
        return { kind: node.name === 'ArrayExpression' ? 'list' : 'tuple', at, items: this.#items(children).map(inner) }
      case 'MemberExpression':
        return this.#member(node, children, inner)
      case 'CallExpression':
        return { kind: 'call', at, callee: inner(children[0]), ...this.#arguments(children[1], inner) }
      case 'UnaryExpression':
        return { kind: 'unary', at, operator: this.#unary(children), operand: inner(children[1]) }
      case 'BinaryExpression': {
        const [left, sign, right] = children
        // The place of the operator, which is what such an error is about.
        const place = must(sign).from
        const operator = this.#binary(children.slice(1, -1), place)
        this.#refuseNot(right)
        return { kind: 'binary', at: place, operator, left: inner(left), right: inner(right) }
      }
      default:
        throw new QbError(`${REFUSED[node.name] ?? node.name} is not taken in qb`, at)
    }
  }

  #of({ from, to }: SyntaxNode): string {
    return this.#text.slice(from, to)
  }

  #continued(parts: readonly SyntaxNode[], at: number): string | Bytes {
    const values = parts.map((part) => {
      if (part.name !== 'String') throw new QbError(`${must(REFUSED[part.name])} is not taken in qb`, part.from)
      return readString(this.#of(part), part.from)
    })
    const texts = values.filter((value) => typeof value === 'string')
    const bytes = values.filter((value) => value instanceof Bytes)
    if (bytes.length === 0) return texts.join('')
    if (texts.length > 0) throw new QbError('text and bytes do not go together', at)
    return new Bytes(bytes.map(({ latin1 }) => latin1).join(''))
  }

  /** What stands between brackets, without the commas. */
  #items(children: readonly SyntaxNode[]): SyntaxNode[] {
    const items = children.slice(1, -1).filter(({ name }) => name !== ',')
    const star = items.find(({ name }) => name === '*' || name === '**')
    if (star !== undefined) throw new QbError('a * before a value is not taken in qb', star.from)
    return items
  }

  #member(
    node: SyntaxNode,
    children: readonly SyntaxNode[],
    inner: (child: SyntaxNode | undefined) => Expression,
  ): Expression {
    const at = node.from
    const [of, sign, name] = [must(children[0]), must(children[1]), must(children[2])]
    if (of.name === 'Number') {
      const { to } = name.type.isError ? sign : name
      return { kind: 'constant', at, value: readNumber(this.#text.slice(at, to), at) }
    }
    if (sign.name === '.') return { kind: 'attribute', at: name.from, of: inner(of), name: this.#of(name) }
    if (children.length !== 4) throw new QbError('in brackets stands one text, the name of a field', name.from)
    return { kind: 'subscript', at, of: inner(of), key: inner(name) }
  }

  #arguments(
    list: SyntaxNode | undefined,
    inner: (child: SyntaxNode | undefined) => Expression,
  ): { positional: Expression[]; named: [string, Expression][] } {
    const positional: Expression[] = []
    const named: [string, Expression][] = []
    const items = this.#items(childrenOf(must(list)))
    for (const [k, item] of items.entries()) {
      const [before, after] = [items[k - 1], items[k + 1]]
      if (item.name === 'AssignOp' || before?.name === 'AssignOp') continue
      if (after?.name === 'AssignOp') {
        if (this.#of(after) !== '=') throw new QbError(':= is not taken in qb', after.from)
        named.push([this.#of(item), inner(items[k + 2])])
      } else if (named.length > 0) throw new QbError('a value stands behind a named one', item.from)
      else positional.push(inner(item))
    }
    return { positional, named }
  }

  /** Python wants parentheses around a `not` that stands behind a comparison; the grammar does not. */
  #refuseNot(node: SyntaxNode | undefined): void {
    if (node?.name === 'UnaryExpression' && node.firstChild?.name === 'not') throw syntaxError(this.#text, node.from)
  }

  #unary(children: readonly SyntaxNode[]): UnaryOperator {
    const text = this.#of(must(children[0]))
    return must(UNARY_OPERATORS.find((one) => one === text))
  }

  /** `not in` and `is not` are two nodes. */
  #binary(operators: readonly SyntaxNode[], at: number): BinaryOperator {
    const text = operators.map((operator) => this.#of(operator)).join(' ')
    const known = BINARY_OPERATORS.find((one) => one === text)
    if (known === undefined) throw new QbError(`${text}${HINTS[text] ?? ''} is not taken in qb`, at)
    return known
  }
}

const HINTS: Readonly<Record<string, string>> = {
  and: ' (write & between parentheses)',
  or: ' (write | between parentheses)',
  in: ' (write .in_([…]))',
  'not in': ' (write .not_in([…]))',
  is: ' (write .is_null())',
  'is not': ' (write .is_not_null())',
}

/** What people try, in their words. */
const REFUSED: Readonly<Record<string, string>> = {
  FormatString: 'a string with the prefix f',
  ConditionalExpression: 'if … else',
  LambdaExpression: 'lambda',
  SetExpression: 'a set',
  DictionaryExpression: 'a dict',
  ArrayComprehensionExpression: 'a comprehension',
  ComprehensionExpression: 'a comprehension',
  SetComprehensionExpression: 'a comprehension',
  DictionaryComprehensionExpression: 'a comprehension',
  NamedExpression: ':=',
  AwaitExpression: 'await',
}
