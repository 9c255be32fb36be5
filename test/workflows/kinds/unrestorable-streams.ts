import { must } from '../../../shared/values/must.ts'
import { buildStream, type ResourceSpec } from '../../specstar/build-stream.ts'

/** A resource of a stream that cannot be restored. A restore lists it with `reason`. */
interface UnrestorableStream {
  /** What is wrong with the resource, as a clause such as "its revisions are missing". */
  readonly what: string
  /** The records of the resource. */
  readonly bad: readonly ResourceSpec[]
  readonly reason: RegExp
}

/** Two sound resources: one before the bad resource, and one after it. */
export const SOUND_MEMOS = ['a', 'b'].map((id) => ({ id, revisions: { [`${id}:1`]: '{"text":"sound"}' } }))

/** Returns a stream of two sound resources of the model `memo` and of the bad one. */
export const streamWithBadMemo = (bad: readonly ResourceSpec[]): Buffer =>
  buildStream({ memo: { resources: [must(SOUND_MEMOS[0]), ...bad, must(SOUND_MEMOS[1])] } })

const kind = (what: string, bad: readonly ResourceSpec[], reason: RegExp): UnrestorableStream => ({
  what,
  bad,
  reason,
})

export const UNRESTORABLE_STREAMS: readonly UnrestorableStream[] = [
  kind(
    'its current revision is missing',
    [{ id: 'bad', revisions: { 'bad:1': '{}' }, currentRevisionId: 'bad:2' }],
    /^record \d+ at byte \d+: the current revision "bad:2" is missing$/,
  ),
  kind(
    'its revisions are missing',
    [{ id: 'bad', revisions: {}, currentRevisionId: 'bad:1' }],
    /^record \d+ at byte \d+: the current revision "bad:1" is missing$/,
  ),
  kind(
    'its id contains a slash',
    [{ id: 'ba/d', revisions: { 'ba/d:1': '{}' } }],
    /^record \d+ at byte \d+: .* contains "\/"/,
  ),
  kind(
    'it occurs twice',
    [
      { id: 'bad', revisions: { 'bad:1': '{}' } },
      { id: 'bad', revisions: { 'bad:2': '{}' } },
    ],
    /^record \d+ at byte \d+: the resource occurs twice, first at byte \d+$/,
  ),
  kind(
    'a revision occurs twice with different content',
    [
      { id: 'bad', revisions: { 'bad:1': '{}' } },
      { id: 'bad', revisions: { 'bad:1': '{"text":"other"}' }, withoutMetadata: true },
    ],
    /^record \d+ at byte \d+: revision ".*" occurs twice with different content, first at byte \d+$/,
  ),
  kind(
    'its metadata is missing',
    [{ id: 'bad', revisions: { 'bad:1': '{}' }, withoutMetadata: true }],
    /^record \d+ at byte \d+: the stream contains no metadata of the resource of revision "bad:1"$/,
  ),
  kind(
    'its metadata would exceed the limit of DynamoDB',
    [{ id: 'bad', revisions: { 'bad:1': '{}' }, indexed: { text: 'x'.repeat(410_000) } }],
    /^record \d+ at byte \d+: as a DynamoDB item without its payload, the record has 41\d* bytes/,
  ),
]
