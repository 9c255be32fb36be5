/**
 * An intended difference from SpecStar: this project rejects the request, or the number of matching resources differs.
 */
interface Difference {
  /** The decoded query of a recorded request. */
  readonly request: string
  readonly ours: 'rejected' | number
  readonly reason: string
}

const UNKNOWN =
  'SpecStar ignores unknown parameters. A backup with a misspelled filter would silently contain all resources.'
const IGNORED = 'SpecStar ignores transform and quantifier in conditions. Here they work as in qb.'
const INDEX = 'There is no vector or trigram index here.'

/** All differences from the recorded results. `functions/API.md` lists them under "What differs from SpecStar". */
export const DIFFERENCES: readonly Difference[] = [
  { request: 'created_bys[]=alice', ours: 'rejected', reason: UNKNOWN },
  { request: "qb=QB['level'] > 10&nosuch=1", ours: 'rejected', reason: UNKNOWN },
  { request: "qb=QB['level'] > 10&created_by=alice", ours: 'rejected', reason: UNKNOWN },
  {
    request: 'conditions=[{"field_path": "__class__", "operator": "exists", "value": true}]',
    ours: 0,
    reason: 'The internals of Python objects are not metadata of a resource.',
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
    ours: 'rejected' as const,
    reason: 'A path that is not a text names no field. SpecStar rejects it in conditions, but accepts it here.',
  })),
  { request: "qb=QB['name'].fuzzy('ari')", ours: 'rejected', reason: INDEX },
  { request: "qb=QB['name'].fuzzy('ari', 0.3)", ours: 'rejected', reason: INDEX },
  { request: "qb=QB['level'].cosine([1.0]) < 1", ours: 'rejected', reason: INDEX },
  {
    request: "qb=QB['name'] == '\\N{DRAGON} Drake'",
    ours: 'rejected',
    reason: 'Character names would need a table of a megabyte, and \\u can express the same.',
  },
  { request: "qb=QB['level'] == 1j", ours: 'rejected', reason: 'No field can contain a complex number.' },
]
