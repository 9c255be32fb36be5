/** A vector that is answered otherwise than by SpecStar, on purpose: refused, or with so many resources. */
export interface Difference {
  /** The vector's request, decoded. */
  readonly request: string
  readonly ours: 'refused' | number
  readonly reason: string
}

const UNKNOWN =
  'SpecStar passes over a parameter that it does not know: a backup that was meant to be filtered would hold all'
const IGNORED = 'SpecStar passes over transform and quantifier here; they are done, as in qb'
const INDEX = 'there is no index of vectors or trigrams; SpecStar has one'

/** Every difference from SpecStar's answers, with its reason. README tells of them, by reason. */
export const DIFFERENCES: readonly Difference[] = [
  { request: 'created_bys[]=alice', ours: 'refused', reason: UNKNOWN },
  { request: "qb=QB['level'] > 10&nosuch=1", ours: 'refused', reason: UNKNOWN },
  { request: "qb=QB['level'] > 10&created_by=alice", ours: 'refused', reason: UNKNOWN },
  {
    request: 'conditions=[{"field_path": "__class__", "operator": "exists", "value": true}]',
    ours: 0,
    reason: 'what Python’s objects have inside is no metadata of a resource',
  },
  ...(['conditions', 'data_conditions'] as const).flatMap((parameter): Difference[] => [
    {
      request: `${parameter}=[{"field_path":"name","operator":"eq","value":4,"transform":"len"}]`,
      ours: 13,
      reason: IGNORED,
    },
    {
      request: `${parameter}=[{"field_path":"name","operator":"gt","value":6,"transform":"len"}]`,
      ours: 8,
      reason: IGNORED,
    },
    {
      request: `${parameter}=[{"field_path":"tags","operator":"contains","value":"pv","quantifier":"any"}]`,
      ours: 14,
      reason: IGNORED,
    },
  ]),
  ...['7', 'null'].map((path) => ({
    request: `data_conditions=[{"field_path":${path},"operator":"eq","value":1}]`,
    ours: 'refused' as const,
    reason: 'a path that is no text names no field: SpecStar refuses it in conditions, and finds nothing here',
  })),
  { request: "qb=QB['name'].fuzzy('ari')", ours: 'refused', reason: INDEX },
  { request: "qb=QB['name'].fuzzy('ari', 0.3)", ours: 'refused', reason: INDEX },
  { request: "qb=QB['level'].cosine([1.0]) < 1", ours: 'refused', reason: INDEX },
  {
    request: "qb=QB['name'] == '\\N{DRAGON} Drake'",
    ours: 'refused',
    reason: 'names of characters need a table of a megabyte for what \\u says as well',
  },
  { request: "qb=QB['level'] == 1j", ours: 'refused', reason: 'no field holds a complex number' },
]
