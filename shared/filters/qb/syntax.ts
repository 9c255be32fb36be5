/**
 * The syntax tree of a `qb` expression. `at` is the offset of a node in the expression. Error messages about the node
 * contain this offset.
 */
export type Expression = { readonly at: number } & (
  | { readonly kind: 'constant'; readonly value: unknown }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'subscript'; readonly of: Expression; readonly key: Expression }
  | {
      readonly kind: 'call'
      readonly callee: Expression
      readonly positional: readonly Expression[]
      readonly named: readonly (readonly [name: string, value: Expression])[]
    }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression }
  | {
      readonly kind: 'binary'
      readonly operator: BinaryOperator
      readonly left: Expression
      readonly right: Expression
    }
)

export const UNARY_OPERATORS = ['+', '-', '~', 'not'] as const
export type UnaryOperator = (typeof UNARY_OPERATORS)[number]

export const COMPARISON_OPERATORS = ['==', '!=', '<', '<=', '>', '>='] as const
export type ComparisonOperator = (typeof COMPARISON_OPERATORS)[number]

export const BINARY_OPERATORS = [...COMPARISON_OPERATORS, '&', '|', '+', '-', '*', '/', '%', '<<', '>>'] as const
export type BinaryOperator = (typeof BINARY_OPERATORS)[number]

/** An error in an expression. `at` is the offset of the error in the expression. */
export class QbError extends Error {
  override readonly name = 'QbError'
  readonly at: number

  constructor(reason: string, at: number) {
    super(reason)
    this.at = at
  }
}

/** Calls `make`. If `make` throws an error of this class, throws a `QbError` with this offset instead. */
export const withOffset = <T>(errorClass: new (...values: never[]) => Error, at: number, make: () => T): T => {
  try {
    return make()
  } catch (error) {
    throw error instanceof errorClass ? new QbError(error.message, at) : error
  }
}
