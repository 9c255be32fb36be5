import { errorMessage } from '../values/error-message.ts'
import { isDeeperThan } from '../values/json-depth.ts'
import { parsePythonJson } from '../values/ordered-json.ts'
import { type FieldCondition, fieldCondition } from './condition.ts'
import { FilterError } from './errors.ts'
import { isOperatorName, OPERATOR_NAMES, OPERATORS } from './operators.ts'
import { isDict, isList } from './python/values.ts'

type ConditionsParameter = 'conditions' | 'data_conditions'

/** Maximum nesting of a value. Expressions of `qb` have the same limit. */
const MAX_LEVELS = 1_000

/**
 * The number of levels around a condition's value. The list and the condition are two levels. One more level is
 * accepted here, so that a value that is one level too deep is rejected later, with the number of the condition in the
 * error.
 */
const LEVELS_AROUND_VALUE = 3

const MEMBERS = ['field_path', 'operator', 'value']
const FORM =
  'must be a JSON list of objects with field_path, operator and value, ' +
  'such as [{"field_path": "level", "operator": "gt", "value": 3}]'

const QUANTIFIABLE = OPERATOR_NAMES.filter((name) => OPERATORS[name].compileElement !== undefined)

/**
 * Parses `conditions` or `data_conditions`. Returns no conditions for an empty list, object or string. Throws
 * `FilterError` if the JSON or a condition is invalid.
 */
export const readConditions = (parameter: ConditionsParameter, text: string): FieldCondition[] => {
  if (text === '') return []
  const decoded = decodePythonJson(parameter, text)
  if (decoded === '' || (isDict(decoded) && decoded.size === 0)) return []
  if (!isList(decoded)) throw new FilterError(parameter, FORM)
  return decoded.map((condition, k) =>
    readCondition(condition, (reason) => new FilterError(parameter, `condition ${k + 1}: ${reason}`)),
  )
}

const readCondition = (condition: unknown, errorFor: (reason: string) => FilterError): FieldCondition => {
  if (!isDict(condition)) throw errorFor('must be an object with field_path, operator and value')
  const missing = MEMBERS.filter((member) => !condition.has(member))
  if (missing.length > 0) throw errorFor(`${missing.join(', ')} missing (use qb for groups of conditions)`)
  const [field_path, operator, value] = MEMBERS.map((member) => condition.get(member))
  if (typeof field_path !== 'string') throw errorFor('field_path must be a string')
  for (const [member, given] of Object.entries({ field_path, value })) {
    const reason = explainInvalidValue(given)
    if (reason !== undefined) throw errorFor(`${member} ${reason}`)
  }
  if (!isOperatorName(operator)) throw errorFor(`operator must be one of: ${OPERATOR_NAMES.join(', ')}`)
  const [transform, quantifier] = ['transform', 'quantifier'].map((member) => condition.get(member) ?? undefined)
  if (transform !== undefined && transform !== 'len') throw errorFor('transform must be len or absent')
  if (quantifier !== undefined && quantifier !== 'any' && quantifier !== 'all')
    throw errorFor('quantifier must be any, all or absent')
  if (quantifier !== undefined && !QUANTIFIABLE.includes(operator))
    throw errorFor(`quantifier is only allowed with the operators ${QUANTIFIABLE.join(', ')}`)
  try {
    return fieldCondition(field_path, operator, value, { length: transform === 'len', quantifier })
  } catch (error) {
    throw errorFor(`value: ${errorMessage(error)}`)
  }
}

/**
 * Returns the reason why a value is invalid, or undefined if it is valid. Strings must be valid Unicode, as all stored
 * strings are. Deeply nested values are invalid, because comparing them would overflow the call stack.
 */
const explainInvalidValue = (value: unknown): string | undefined => {
  // An explicit stack is used instead of recursion, because the value may be nested too deeply for recursion.
  const rest: [value: unknown, level: number][] = [[value, 1]]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const [current, level] = next
    if (typeof current === 'string' && !current.isWellFormed()) return 'must not contain half of a surrogate pair'
    if (!isList(current) && !isDict(current)) continue
    if (level > MAX_LEVELS) return `must not nest deeper than ${MAX_LEVELS} levels`
    for (const inner of isList(current) ? current : [...current].flat()) rest.push([inner, level + 1])
  }
  return undefined
}

const decodePythonJson = (parameter: ConditionsParameter, text: string): unknown => {
  // The parser is recursive, so deeper JSON would overflow the call stack.
  if (isDeeperThan(Buffer.from(text), MAX_LEVELS + LEVELS_AROUND_VALUE))
    throw new FilterError(parameter, `must not nest deeper than ${MAX_LEVELS} levels`)
  try {
    return parsePythonJson(text)
  } catch (error) {
    throw new FilterError(parameter, `${FORM} (${errorMessage(error)})`)
  }
}
