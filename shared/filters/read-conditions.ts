import { errorMessage } from '../values/error-message.ts'
import { isDeeperThan } from '../values/json-depth.ts'
import { parsePythonJson } from '../values/ordered-json.ts'
import { ELEMENT_OPERATORS, type Leaf, leafOf, type Operator, OPERATORS } from './condition.ts'
import { FilterError } from './errors.ts'
import { isDict, isList } from './python/values.ts'

export type ConditionsField = 'conditions' | 'data_conditions'

/** As deep as an expression of qb may nest. */
const MAX_LEVELS = 1_000

/** Levels around a condition's value: the list, the condition, and one by which a value is found too deep. */
const AROUND = 3

const FORM = 'must be a JSON list of {"field_path", "operator", "value"}'

/** Reads `conditions` or `data_conditions` from their JSON text; an empty list, object or text is no condition. Throws `FilterError`. */
export const readConditions = (parameter: ConditionsField, text: string): Leaf[] => {
  if (text === '') return []
  const decoded = decodePythonJson(parameter, text)
  if (decoded === '' || (isDict(decoded) && decoded.size === 0)) return []
  if (!isList(decoded)) throw new FilterError(parameter, FORM)
  return decoded.map((one, k) =>
    readCondition(one, (reason) => new FilterError(parameter, `condition ${k + 1}: ${reason}`)),
  )
}

const readCondition = (condition: unknown, refused: (reason: string) => FilterError): Leaf => {
  if (!isDict(condition)) throw refused('is no object of field_path, operator and value')
  const lacking = ['field_path', 'operator', 'value'].filter((member) => !condition.has(member))
  if (lacking.length > 0) throw refused(`lacks ${lacking.join(', ')} (groups are written in qb)`)
  const [field_path, operator, value] = ['field_path', 'operator', 'value'].map((member) => condition.get(member))
  if (typeof field_path !== 'string') throw refused('field_path must be a text')
  const flaw = flawOf(field_path) ?? flawOf(value)
  if (flaw !== undefined) throw refused(flaw)
  if (!isOperator(operator)) throw refused(`operator must be one of: ${OPERATORS.join(', ')}`)
  const [transform, over] = ['transform', 'quantifier'].map((member) => condition.get(member) ?? null)
  if (transform !== null && transform !== 'len') throw refused('transform must be len, where it is given')
  if (over !== null && over !== 'any' && over !== 'all')
    throw refused('quantifier must be any or all, where it is given')
  if (over !== null && !ELEMENT_OPERATORS.includes(operator))
    throw refused(`quantifier goes with the operators ${ELEMENT_OPERATORS.join(', ')}`)
  try {
    const leaf = leafOf(field_path, operator, value, transform === 'len')
    return over === null ? leaf : { ...leaf, over }
  } catch (error) {
    throw refused(`value: ${errorMessage(error)}`)
  }
}

/** What no value may be: text that nothing stored has, or lists in lists until comparing them runs out of calls. */
const flawOf = (value: unknown): string | undefined => {
  // A stack of one's own: what could be parsed may nest deeper than other calls can.
  const rest: [value: unknown, level: number][] = [[value, 1]]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const [one, level] = next
    if (typeof one === 'string' && !one.isWellFormed()) return 'holds half a surrogate pair, which no stored text has'
    if (!isList(one) && !isDict(one)) continue
    if (level > MAX_LEVELS) return `value nests deeper than ${MAX_LEVELS} levels`
    for (const inner of isList(one) ? one : [...one].flat()) rest.push([inner, level + 1])
  }
  return undefined
}

const isOperator = (value: unknown): value is Operator => OPERATORS.some((operator) => operator === value)

const decodePythonJson = (parameter: string, text: string): unknown => {
  // The calls of the parser end somewhere below.
  if (isDeeperThan(Buffer.from(text), MAX_LEVELS + AROUND))
    throw new FilterError(parameter, `nests deeper than ${MAX_LEVELS} levels`)
  try {
    return parsePythonJson(text)
  } catch (error) {
    throw new FilterError(parameter, `${FORM}: ${errorMessage(error)}`)
  }
}
