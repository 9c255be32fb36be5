import type { Json } from '../../functions/workflows/states.ts'

/** Data that paths of a state refer to: `$` is the input of the state, and `$$` the context of the execution. */
export interface PathData {
  readonly input: Json
  readonly context: Json
}

/** Returns the value at a path such as `$.items` or `$$.Map.Item.Value`. Throws if there is no value. */
export const valueAt = (path: string, { input, context }: PathData): Json => {
  const [root, ...names] = path.split('.')
  if (root !== '$' && root !== '$$') throw new Error(`the simulation does not know the path ${path}`)
  let value: Json | undefined = root === '$' ? input : context
  for (const name of names) value = isObject(value) ? value[name] : undefined
  if (value === undefined) throw new Error(`there is no value at the path ${path}`)
  return value
}

/** Replaces the members whose names end with `.$` by the values of their paths or intrinsic functions. */
export const fillTemplate = (template: Json, data: PathData): Json => {
  if (Array.isArray(template)) return template.map((element) => fillTemplate(element, data))
  if (!isObject(template)) return template
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) =>
      name.endsWith('.$') && typeof value === 'string'
        ? [name.slice(0, -2), evaluate(value, data)]
        : [name, fillTemplate(value, data)],
    ),
  )
}

/** Returns `input` with `value` at a path such as `$.error`. */
export const withValueAt = (path: string, input: Json, value: Json): Json => {
  const name = /^\$\.(\w+)$/.exec(path)?.[1]
  if (name === undefined || !isObject(input)) throw new Error(`the simulation cannot write to the path ${path}`)
  return { ...input, [name]: value }
}

const evaluate = (text: string, data: PathData): Json => {
  const call = /^States\.(\w+)\((\S+), (?:'(.*)'|(\d+))\)$/.exec(text)
  if (call === null) return valueAt(text, data)
  const [, name, path = '', word, number] = call
  const value = valueAt(path, data)
  if (name === 'MathAdd' && typeof value === 'number') return value + Number(number)
  if (name === 'ArrayContains' && Array.isArray(value)) return value.includes(word ?? Number(number))
  throw new Error(`the simulation does not know the intrinsic function ${text}`)
}

export const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
