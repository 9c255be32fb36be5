import { QbError } from './syntax.ts'

/** The name and parameters of a function in `qb`. */
export interface Signature {
  readonly name: string
  readonly parameters: readonly Parameter[]
  /** True if the function accepts any number of positional arguments, and no named arguments. */
  readonly variadic?: boolean
  /** The index of the first parameter that accepts only a named argument. */
  readonly namedFrom?: number
}

/** A parameter without a default is required. */
export type Parameter = readonly [name: string] | readonly [name: string, byDefault: unknown]

/**
 * Returns the arguments in the order of the parameters. Throws `QbError` if the arguments do not match the parameters.
 */
export const bindArguments = (
  { name, parameters, variadic, namedFrom }: Signature,
  positional: readonly unknown[],
  named: readonly (readonly [name: string, value: unknown])[],
  at: number,
): unknown[] => {
  const error = (reason: string): QbError => new QbError(`${name}() ${reason}`, at)
  if (variadic === true) {
    if (named.length > 0) throw error('accepts no named arguments')
    return [...positional]
  }
  const maximum = namedFrom ?? parameters.length
  if (positional.length > maximum)
    throw error(`accepts at most ${maximum} positional arguments, but got ${positional.length}`)
  const bound = new Map<string, unknown>()
  for (const [k, [parameter]] of parameters.slice(0, positional.length).entries()) bound.set(parameter, positional[k])
  for (const [parameter, value] of named) {
    if (!parameters.some(([known]) => known === parameter)) throw error(`has no parameter ${parameter}`)
    if (bound.has(parameter)) throw error(`got more than one value for ${parameter}`)
    bound.set(parameter, value)
  }
  return parameters.map((parameter) => {
    const [known] = parameter
    if (bound.has(known)) return bound.get(known)
    if (parameter.length === 1) throw error(`requires the argument ${known}`)
    return parameter[1]
  })
}
