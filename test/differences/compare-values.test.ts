import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareValues, jsonPointer, type ValueChange } from '../../shared/differences/compare-values.ts'
import { jsonOf, type Tree, type TreeMap, treeMap, treeOf } from '../../shared/differences/value-tree.ts'
import { decodePayload } from '../../shared/resources/payload.ts'

/** Keys that are names of the prototype of objects, or that have a meaning in JSON pointers. */
const HOSTILE = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '', '0', '-', 'a/b', 'a~b', '~1']

const key = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 3 }))
const leaf = fc.oneof(
  fc.constantFrom('null', 'true', 'false', '1', '1.0', '-0.0', '9007199254740993', '"2026-01-05T08:30:00Z"'),
  fc.string({ maxLength: 4 }).map((text) => JSON.stringify(text)),
)
const { tree } = fc.letrec<{ tree: Tree; list: Tree; map: Tree }>((tie) => ({
  tree: fc.oneof({ depthSize: 'small' }, leaf, tie('list'), tie('map')),
  list: fc.array(tie('tree'), { maxLength: 4 }),
  map: fc.array(fc.tuple(key, tie('tree')), { maxLength: 4 }).map((entries) => treeMap(entries, (value) => value)),
}))
const root = fc.dictionary(key, tree, { maxKeys: 4 }).map((map) => treeMap(Object.entries(map), (value) => value))

const json = (text: string): Tree => treeOf(decodePayload(text))
const changes = (old: string, next: string): ValueChange[] =>
  compareValues(treeMap([['v', old]], json), treeMap([['v', next]], json))
const shown = (old: string, next: string): string[] =>
  changes(old, next).map((change) => {
    const values = [
      ...(change.op === 'add' ? [] : [jsonOf(change.old)]),
      ...(change.op === 'remove' ? [] : [jsonOf(change.new)]),
    ]
    return `${change.op} ${jsonPointer(change.path)} ${values.join(' → ')}`
  })

describe('compareValues', () => {
  it('returns changes that turn the old value into the new one', () => {
    fc.assert(
      fc.property(root, root, (old, next) => {
        expect(jsonOf(applied(old, compareValues(old, next)))).toBe(jsonOf(sorted(next)))
      }),
      { numRuns: 2_000 },
    )
  })

  it('returns no change for equal values, and a change for every other pair', () => {
    fc.assert(
      fc.property(root, root, (old, next) => {
        expect(compareValues(old, old)).toEqual([])
        const isEqual = jsonOf(sorted(old)) === jsonOf(sorted(next))
        expect(compareValues(old, next).length === 0).toBe(isEqual)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each(HOSTILE)('compares the key %j like any other key', (name) => {
    const [without, a, b] = [`{}`, `{${JSON.stringify(name)}:1}`, `{${JSON.stringify(name)}:{"x":2}}`]
    const pointer = `/v/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    expect(shown(without, a)).toEqual([`add ${pointer} 1`])
    expect(shown(a, without)).toEqual([`remove ${pointer} 1`])
    expect(shown(a, b)).toEqual([`replace ${pointer} 1 → {"x":2}`])
    expect(shown(b, b)).toEqual([])
  })

  it('distinguishes large integers, floats, negative zero, and values of different types', () => {
    expect(shown('9007199254740993', '9007199254740992')).toEqual(['replace /v 9007199254740993 → 9007199254740992'])
    expect(shown('1', '1.0')).toEqual(['replace /v 1 → 1.0'])
    expect(shown('0.0', '-0.0')).toEqual(['replace /v 0.0 → -0.0'])
    expect(shown('"1"', '1')).toEqual(['replace /v "1" → 1'])
    expect(shown('null', '"null"')).toEqual(['replace /v null → "null"'])
    expect(shown('[]', '{}')).toEqual(['replace /v [] → {}'])
    expect(shown('"@timestamp:x"', '"@binary:1:ab"')).toEqual(['replace /v "@timestamp:x" → "@binary:1:ab"'])
  })

  it('removes the elements of a list from its end', () => {
    expect(shown('[1,2,3,4]', '[5,2]')).toEqual(['replace /v/0 1 → 5', 'remove /v/3 4', 'remove /v/2 3'])
  })

  it('compares values with 100,000 differences', () => {
    const numbers = Array.from({ length: 200_000 }, (_, k) => k)
    expect(changes('[]', JSON.stringify(numbers))).toHaveLength(200_000)
  })

  it('compares values that are nested 1,000 levels deep', () => {
    const nested = (value: string): string => `${'['.repeat(1_000)}${value}${']'.repeat(1_000)}`
    expect(changes(nested('1'), nested('2'))).toMatchObject([{ op: 'replace', old: '1', new: '2' }])
  })
})

/** Applies changes as a JSON patch (RFC 6902) does. */
const applied = (old: TreeMap, patch: readonly ValueChange[]): Tree => {
  let result: Tree = old
  for (const change of patch) result = withChange(result, change.path, change)
  return sorted(result)
}

const withChange = (value: Tree, path: ValueChange['path'], change: ValueChange): Tree => {
  const [step, ...rest] = path
  if (step === undefined) return change.op === 'remove' ? value : change.new
  if (typeof value === 'string') throw new Error(`no member ${step} in ${value}`)
  if (Array.isArray(value)) {
    const list = [...(value as readonly Tree[])]
    const index = Number(step)
    if (rest.length > 0) list[index] = withChange(list[index] ?? '', rest, change)
    else if (change.op === 'add') list.splice(index, 0, change.new)
    else if (change.op === 'remove') list.splice(index, 1)
    else list[index] = change.new
    return list
  }
  const entries = new Map(Object.entries(value))
  const member = entries.get(String(step))
  if (change.op === 'add' && rest.length === 0) entries.set(String(step), change.new)
  else if (member === undefined) throw new Error(`no member ${step}`)
  else if (change.op === 'remove' && rest.length === 0) entries.delete(String(step))
  else entries.set(String(step), withChange(member, rest, change))
  return treeMap([...entries], (tree) => tree)
}

/** Returns a tree whose keys are in one order. */
const sorted = (value: Tree): Tree => {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return (value as readonly Tree[]).map(sorted)
  return treeMap(
    Object.entries(value)
      .map(([name, member]) => [name, sorted(member)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    (member) => member,
  )
}
