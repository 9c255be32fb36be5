import { itemMembers } from '../../../../shared/archive/item-text.ts'
import { payloadOf, RevisionView } from '../../../../shared/resources/views.ts'
import { errorMessage } from '../../../../shared/values/error-message.ts'
import type { ArchiveContents, ContentsRecord } from '../contents/contents.ts'
import { NotInArchiveError, UnshowableResourceError } from '../errors.ts'
import { layOutJson } from './json-layout.ts'
import { payloadMembers } from './payload-text.ts'

/** A resource of an archive: its metadata, and its revisions one after the other. */
export interface ArchivedResource {
  readonly metadata: ContentsRecord
  readonly revisions: AsyncIterable<ContentsRecord>
}

/**
 * Returns a resource as a JSON document, piece by piece:
 * `{"model":…,"resource_id":…,"metadata":{…},"revisions":[{…,"payload":…},…]}`. At most one revision is in memory.
 * `lastMembers` returns further members for the end. `revisionId` selects the revisions with this id. If none has it,
 * throws `NotInArchiveError` before the first piece. If the first revision cannot be read, there are no pieces
 * either.
 */
export async function* resourceDocument(
  contents: Pick<ArchiveContents, 'payload'>,
  { metadata, revisions }: ArchivedResource,
  {
    indented,
    revisionId,
    lastMembers = () => '',
  }: { indented: boolean; revisionId?: string | undefined; lastMembers?: () => string },
): AsyncGenerator<string> {
  const { model, id, item } = metadata
  const [newline, space] = indented ? ['\n', ' '] : ['', '']
  const pad = (level: number): string => (indented ? '  '.repeat(level) : '')
  const member = (name: string, json: string): string =>
    `${pad(1)}"${name}":${space}${layOutJson(json, indented, 1)},${newline}`
  const head = [
    `{${newline}`,
    member('model', JSON.stringify(model)),
    member('resource_id', JSON.stringify(id)),
    member('metadata', `{${itemMembers(item)}}`),
    `${pad(1)}"revisions":${space}[`,
  ].join('')
  let count = 0
  for await (const revision of revisions) {
    const view = new RevisionView(revision.item)
    if (revisionId !== undefined && view.revisionId !== revisionId) continue
    const shown = await shownRevision(contents, revision, indented)
    yield `${count === 0 ? head : ','}${newline}${pad(2)}`
    yield shown
    count += 1
  }
  if (count === 0 && revisionId !== undefined)
    throw new NotInArchiveError(`resource ${model}/${id} has no revision ${JSON.stringify(revisionId)}`)
  yield `${count === 0 ? head : `${newline}${pad(1)}`}]`
  const last = lastMembers()
  if (last !== '') yield `,${newline}${pad(1)}${last}`
  yield `${newline}}\n`
}

const shownRevision = async (
  contents: Pick<ArchiveContents, 'payload'>,
  revision: ContentsRecord,
  indented: boolean,
): Promise<string> => {
  try {
    return layOutJson(await revisionJson(contents, revision), indented, 2)
  } catch (error) {
    if (!isTooLong(error)) throw error
    const { revisionId } = new RevisionView(revision.item)
    throw new UnshowableResourceError(
      `revision ${JSON.stringify(revisionId)} cannot be shown as JSON: ${errorMessage(error)}`,
      { cause: error },
    )
  }
}

/** Returns true for the errors about a text that is too long or nested too deeply. */
const isTooLong = (error: unknown): boolean =>
  error instanceof RangeError || (error instanceof Error && 'code' in error && error.code === 'ERR_STRING_TOO_LONG')

const revisionJson = async (contents: Pick<ArchiveContents, 'payload'>, { item }: ContentsRecord): Promise<string> => {
  const view = new RevisionView(item)
  const payload = await payloadOf(view, (sha256) => contents.payload(sha256))
  const members = payload === undefined ? `"payload_missing":true` : payloadMembers(payload)
  return `{${itemMembers(item)},${members}}`
}
