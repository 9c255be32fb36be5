import { Argument, Option } from 'commander'
import * as z from 'zod'
import { ArchiveInvalidError } from '../../../shared/archive/errors.ts'
import { ARCHIVE_ARGUMENT, checkModel, parseModelId } from '../archives/arguments.ts'
import type { ArchiveContents, FaultyContentsRecord } from '../archives/contents/contents.ts'
import { absenceOfBlob, reasonsLeftOut } from '../archives/contents/explain-absence.ts'
import { resourcesOf } from '../archives/contents/resources.ts'
import type { WantedResource } from '../archives/contents/stream-scan.ts'
import { resourceDocument } from '../archives/documents/resource-document.ts'
import { NotInArchiveError, VERIFY_ADVICE } from '../archives/errors.ts'
import type { CountedSource } from '../archives/sources/counted-source.ts'
import { noteRead, readBytes, readText, withContents } from '../archives/with-archive.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { writePieces } from '../terminal/written-stream.ts'
import { UsageError } from '../usage-error.ts'

/** `specstar-backup cat`. */
export const CAT = defineCommand({
  name: 'cat',
  summary: 'print one resource of an archive as JSON, or the bytes of one blob',
  details:
    'Only the parts of the archive that contain the resource are read. ' +
    "SpecStar's own streams have no index, so all of their bytes are read.",
  arguments: [new Argument('<archive>', ARCHIVE_ARGUMENT), new Argument('[model/id]', 'the resource to print')],
  options: [
    new Option('--revision <id>', 'print only this revision'),
    new Option('--blob <file-id>', 'write the bytes of this blob to stdout'),
  ],
  examples: [
    'cat backup.acbak country/country:TW',
    'cat s3://shop-archives/exports/backup.acbak country/country:TW --revision country:TW:2',
    'cat backup.acbak --blob 5f2c9e7d0b1a4c3e8f6d7a9b0c1d2e3f',
  ],
  input: z.strictObject({
    archive: z.string(),
    'model/id': z.string().optional(),
    revision: z.string().optional(),
    blob: z.string().optional(),
  }),
  run: async (context, { archive, 'model/id': resource, revision, blob }) => {
    if ((resource === undefined) === (blob === undefined))
      throw new UsageError('pass either MODEL/ID or --blob; `specstar-backup ls` lists the resources of an archive')
    if (blob !== undefined && (revision !== undefined || context.output.json))
      throw new UsageError('--blob: writes the bytes of the blob, so it cannot be combined with --revision or --json')
    if (blob !== undefined && context.io.stdout.isTTY === true)
      throw new UsageError('--blob: the bytes of a blob could control the terminal; write them to a file with > FILE')
    const only = resource === undefined ? undefined : parseModelId(resource)
    const selection = { resources: only === undefined ? [] : [only], isCounted: false }
    await withContents(context, archive, { selection }, async (contents, source) => {
      if (only !== undefined) await printResource(context, contents, source, only, revision)
      if (blob !== undefined) await printBlob(context, contents, blob)
      if (!context.output.json) noteRead(context, source)
    })
    return EXIT.succeeded
  },
})

const printResource = async (
  { output }: CommandContext,
  contents: ArchiveContents,
  source: CountedSource,
  { model, id }: WantedResource,
  revisionId: string | undefined,
): Promise<void> => {
  let isPrinted = false
  let fault: string | undefined
  const onFault = (record: FaultyContentsRecord): void => {
    fault ??= record.fault
  }
  // A fault precedes the resource, or is that of one of its revisions.
  const throwFault = (): void => {
    if (fault !== undefined)
      throw new ArchiveInvalidError(`resource ${model}/${id} cannot be read: ${fault}; ${VERIFY_ADVICE}`)
  }
  for await (const resource of resourcesOf(contents, model, { ids: [id], onFault })) {
    throwFault()
    const options = {
      indented: !output.json,
      revisionId,
      lastMembers: () => (output.json ? `"read":${JSON.stringify(readBytes(source))}` : ''),
    }
    await output.showPieces('json', resourceDocument(contents, resource, options))
    isPrinted = true
  }
  throwFault()
  if (isPrinted) return
  checkModel(Object.keys((await contents.describe()).models), model)
  const reason = (await reasonsLeftOut(contents, model, [id])).get(id)
  throw new NotInArchiveError(
    `the archive contains no resource ${model}/${id}${reason === undefined ? '' : `, because the export left it out: ${reason}`}. ` +
      readText(readBytes(source)),
  )
}

const printBlob = async ({ io }: CommandContext, contents: ArchiveContents, fileId: string): Promise<void> => {
  for await (const blob of contents.findBlobs(new Set([fileId]))) {
    if (blob.fault !== undefined)
      throw new ArchiveInvalidError(`blob ${JSON.stringify(fileId)} cannot be read: ${blob.fault}; ${VERIFY_ADVICE}`)
    await writePieces(io.stdout, blob.read())
    return
  }
  throw new NotInArchiveError(`blob ${JSON.stringify(fileId)}: ${absenceOfBlob(contents, fileId)}`)
}
