import { Argument, Option } from 'commander'
import * as z from 'zod'
import { ObjectStore } from '../../../shared/objects/aws/object-store.ts'
import { nameOfAddress, parseAddress } from '../archives/sources/address.ts'
import { openS3Source } from '../archives/sources/s3-source.ts'
import { findJob } from '../client/find-job.ts'
import { isJobId } from '../client/paths.ts'
import { s3ClientOf } from '../client/s3-client.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { checkTarget, download, openJobArchive } from '../download-archive.ts'
import { EXIT } from '../exit-codes.ts'
import { printable } from '../terminal/printable.ts'
import { bytesText } from '../terminal/units.ts'
import { UsageError } from '../usage-error.ts'

/** `specstar-backup download`. */
export const DOWNLOAD = defineCommand({
  name: 'download',
  summary: 'download the archive of an export job, or an object in S3',
  details:
    'The download continues after broken connections. The file appears under its name only when it is complete. ' +
    'An object in S3 is read with your own credentials.',
  arguments: [new Argument('<archive>', 'the id of an export job, or s3://bucket/key[?versionId=…]')],
  options: [new Option('-o, --output <file>', 'the new file (- for stdout)').makeOptionMandatory()],
  examples: [
    'download f6c930a7-2473-4cd3-b740-dbdbf7276118 -o backup.acbak',
    'download s3://shop-archives/exports/2026/11/29/f6c930a7.acbak -o backup.acbak',
  ],
  input: z.strictObject({
    archive: z.string().min(1, 'must not be empty'),
    output: z.string().min(1, 'must not be empty'),
  }),
  run: async (context, { archive, output: path }) => {
    const { output } = context
    await checkTarget(context, path)
    const bytes = await downloadArchive(context, archive, path)
    output.show({ archive, file: path, bytes }, () => `Downloaded ${bytesText(bytes)} to ${printable(path)}`)
    return EXIT.succeeded
  },
})

const downloadArchive = async (context: CommandContext, archive: string, path: string): Promise<number> => {
  const { api, settings } = context
  const address = parseAddress(archive)
  if (address.kind === 's3') {
    const open = () => openS3Source(new ObjectStore(s3ClientOf(settings())), address)
    return download(context, open, { name: nameOfAddress(address), address: archive, path })
  }
  if (address.kind === 'url' || !isJobId(archive))
    throw new UsageError(
      `archive: ${nameOfAddress(address)} cannot be downloaded; ` +
        'pass the id of an export job, or s3://bucket/key[?versionId=…]',
    )
  const job = await findJob(api(), archive)
  const open = () => openJobArchive(job, () => findJob(api(), archive))
  return download(context, open, { name: `the archive of job ${archive}`, address: archive, path })
}
