import { type ComparableResource, compareResources } from '../../../../shared/differences/compare-resources.ts'
import { type FieldChange, fieldChange } from '../../../../shared/differences/field-change.ts'
import { payloadOf } from '../../../../shared/resources/views.ts'
import type { ArchiveContents } from '../contents/contents.ts'
import { shortId, shownId } from '../shown-id.ts'
import type { DiffedResource } from './diff-archives.ts'
import { fieldLine, SIGNS } from './difference-text.ts'

/** The changed fields of a resource, and its changed revisions. */
export interface FieldDifferences {
  readonly fields: readonly FieldChange[]
  readonly revisions: readonly {
    readonly op: 'add' | 'remove' | 'replace'
    readonly revision_id: string
    readonly schema_version?: string
    readonly fields: readonly FieldChange[]
  }[]
}

/** Compares two versions of a resource field by field. */
export const fieldDifferences = async (
  [oldContents, old]: readonly [ArchiveContents, DiffedResource],
  [newContents, next]: readonly [ArchiveContents, DiffedResource],
): Promise<FieldDifferences> => {
  const { changes, revisions } = await compareResources(comparable(oldContents, old), comparable(newContents, next))
  return {
    fields: changes.map(fieldChange),
    revisions: revisions.map(({ changes: own, ...revision }) => ({ ...revision, fields: own.map(fieldChange) })),
  }
}

const comparable = (contents: ArchiveContents, { metadata, revisions }: DiffedResource): ComparableResource => ({
  metadata,
  revisions,
  payloadOf: (revision) => payloadOf(revision, (sha256) => contents.payload(sha256)),
  payloadSha256: ({ dataSha256 }) => Promise.resolve(dataSha256),
})

/** Returns the lines of a resource for people. */
export const fieldLines = ({ fields, revisions }: FieldDifferences): string[] => [
  ...fields.map((field) => `    ${changeLine(field)}`),
  ...revisions.flatMap(({ op, revision_id, schema_version, fields: own }) => [
    `    ${SIGNS[KINDS[op]]} revision ${shortId(revision_id)}${schema_version === undefined ? '' : ` (schema ${shownId(schema_version)})`}`,
    ...own.map((field) => `      ${changeLine(field)}`),
  ]),
]

const KINDS = { add: 'added', remove: 'removed', replace: 'changed' } as const

const changeLine = ({ path, old, new: next }: FieldChange): string => fieldLine(path, old, next)
