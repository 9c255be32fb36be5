import { messageOf } from '../../message-of.ts'
import { parsePythonJson } from '../ordered-json.ts'
import { ELEMENT_OPERATORS, type Leaf, leafOf, type Operator, OPERATORS } from './condition.ts'
import { FilterError } from './errors.ts'
import { isDict, isList } from './python/values.ts'

export type ConditionsField = 'conditions' | 'data_conditions'

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
  if (![field_path, value].every(isUnicode)) throw refused('holds half a surrogate pair, which no stored text has')
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
    throw refused(`value: ${messageOf(error)}`)
  }
}

/** All texts in a value are whole Unicode. */
const isUnicode = (value: unknown): boolean => {
  // A stack of one's own: what could be parsed may nest deeper than other calls can.
  const rest = [value]
  while (rest.length > 0) {
    const one = rest.pop()
    if (typeof one === 'string' && !one.isWellFormed()) return false
    if (isList(one)) for (const inner of one) rest.push(inner)
    else if (isDict(one)) for (const entry of one) rest.push(...entry)
  }
  return true
}

const isOperator = (value: unknown): value is Operator => OPERATORS.some((operator) => operator === value)

const decodePythonJson = (parameter: string, text: string): unknown => {
  try {
    return parsePythonJson(text)
  } catch (error) {
    throw new FilterError(parameter, `${FORM}: ${messageOf(error)}`)
  }
}
