import type { SyntaxNode, Tree } from '@lezer/common'
import { parser } from '@lezer/python'
import { must } from '../../values/must.ts'
import { childrenOf, readExpression, syntaxError } from './read-expression.ts'
import { type Expression, QbError } from './syntax.ts'

/** Matches 1,000 opening brackets in a row. For an expression with more brackets, Lezer would take seconds. */
const TOO_MANY_BRACKETS = /(?:[([{]\s*){1000}/

/**
 * Parses one Python expression. Throws `QbError` if the expression is invalid.
 *
 * The parser is Lezer. It continues after errors, and accepts some expressions that Python rejects. Therefore, the tree
 * is searched for errors, and only known kinds of nodes are accepted.
 */
export const parseQb = (source: string): Expression => {
  let text = source.replace(/\r\n?/g, '\n')
  const brackets = TOO_MANY_BRACKETS.exec(text)
  if (brackets !== null) throw new QbError('the expression nests deeper than 1000 levels', brackets.index)
  if (text.includes('\0')) throw new QbError('the expression must not contain a null character', text.indexOf('\0'))
  let tree = parser.parse(text)
  const withoutPoints = removeBarePoints(text, tree)
  if (withoutPoints !== text) {
    text = withoutPoints
    tree = parser.parse(text)
  }
  const statement = onlyStatement(tree.topNode, text)
  const indentation = text.slice(text.lastIndexOf('\n', statement.from - 1) + 1, statement.from)
  if (indentation !== '')
    throw new QbError('the expression must not start with white space', statement.from - indentation.length)
  return readExpression(onlyChild(statement, text), text)
}

const BARE_POINT = /\d(?:_?\d)*\.[eE][+-]?\d(?:_?\d)*[jJ]?/y

/**
 * Removes the point in numbers such as `2.e-07`, which Python accepts, but which Lezer parses as a subtraction. The
 * result is `2e-07 `, with a space, so that the offsets after the number do not change.
 */
const removeBarePoints = (text: string, tree: Tree): string => {
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
  if (error !== undefined) rejectLongChains(top)
  const [statement, second] = childrenOf(top)
  if (statement === undefined) throw new QbError('the expression is empty', 0)
  if (statement.name !== 'ExpressionStatement') {
    if (error !== undefined && error.from < statement.to) throw syntaxError(text, error.from)
    throw new QbError(
      `a statement (${statement.name}) is not supported in qb: write a single expression`,
      statement.from,
    )
  }
  if (second !== undefined)
    throw syntaxError(text, error === undefined ? second.from : Math.min(error.from, second.from))
  return statement
}

/**
 * The largest number of links in a chain, such as `1 + 1 + …`. Lezer limits the depth of its trees and cannot parse
 * much longer chains. A method call counts as two links, which are its name and its arguments.
 */
const MAX_CHAIN = 250
const LINKS = ['BinaryExpression', 'MemberExpression', 'CallExpression']

/** Throws `QbError` with a special message if the syntax error is caused by the length of a chain. */
const rejectLongChains = (top: SyntaxNode): void => {
  const cursor = top.cursor()
  do {
    let length = 0
    for (let node = cursor.node; LINKS.includes(node.name); node = must(node.firstChild)) length += 1
    if (length < MAX_CHAIN) continue
    throw new QbError(
      `a chain must not have more than ${MAX_CHAIN} operators or ${MAX_CHAIN / 2} calls: write QB.any(…) or QB.all(…)`,
      cursor.from,
    )
  } while (cursor.next())
}

/**
 * Returns the first error node in the tree. Lezer adds an error node where characters are unexpected and where a part
 * is missing.
 */
const firstError = (node: SyntaxNode): { readonly from: number } | undefined => {
  const cursor = node.cursor()
  do if (cursor.type.isError && !isPointOfFloat(cursor.node)) return { from: cursor.from }
  while (cursor.next())
  return undefined
}

/**
 * Returns true if an error node belongs to a number such as `5.`, which is valid, but which Lezer parses as an
 * attribute without a name.
 */
const isPointOfFloat = (error: SyntaxNode): boolean =>
  error.from === error.to && error.parent?.name === 'MemberExpression' && error.parent.firstChild?.name === 'Number'

const onlyChild = (node: SyntaxNode, text: string): SyntaxNode => {
  const error = firstError(node)
  if (error !== undefined) throw syntaxError(text, error.from)
  const [child, second] = childrenOf(node)
  if (second !== undefined) throw new QbError('write a single expression', second.from)
  return must(child)
}
