import { Option } from 'commander'
import * as z from 'zod'
import { type RebuildCounts, rebuildCatalogue } from '../../../shared/catalogue/rebuild-catalogue.ts'
import { catalogueStores } from '../client/catalogue-stores.ts'
import { dynamodbEndpointOf } from '../client/settings.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { counted, countText } from '../terminal/units.ts'

/** The time between two lines of progress, in milliseconds. */
const PROGRESS_MS = 2_000

/**
 * `specstar-backup catalogue rebuild`. Reads and writes the stores directly, because a rebuild takes too long for a
 * request.
 */
export const CATALOGUE_REBUILD = defineCommand({
  name: 'catalogue rebuild',
  summary: 'rebuild the catalogue of archives from the archive bucket',
  details: [
    'Reads the manifest of every archive, adds it to the catalogue, and removes archives that do not exist.',
    'Archives of exports that were cancelled or have failed are not listed.',
    'The last check and the last proof of each archive are kept. Backups may run at the same time.',
    'The command needs direct access to the job table and to the archive bucket.',
  ].join(' '),
  options: [
    new Option('--job-table <name>', 'the job table: {deployment}-jobs (default: that of the local program)'),
    new Option('--archive-bucket <name>', 'the stack output ArchiveBucketName (default: that of the local program)'),
    new Option(
      '--dynamodb-endpoint <url>',
      'the URL of DynamoDB (default: that of the region, or of the local program)',
    ),
  ],
  examples: [
    'catalogue rebuild',
    'catalogue rebuild --endpoint https://a1b2c3.execute-api.eu-central-1.amazonaws.com --job-table prod-jobs ' +
      '--archive-bucket prod-archives-123456789012-eu-central-1',
  ],
  input: z.strictObject({
    jobTable: z.string().optional(),
    archiveBucket: z.string().optional(),
    dynamodbEndpoint: z.string().optional(),
  }),
  run: async ({ settings, output, io }, { dynamodbEndpoint: flag, ...names }) => {
    const dynamodbEndpoint = dynamodbEndpointOf(flag, io.env)
    let shown = performance.now()
    const counts = await rebuildCatalogue(catalogueStores(settings(), { ...names, dynamodbEndpoint }), {
      onProgress: (progress) => {
        if (performance.now() - shown < PROGRESS_MS) return
        shown = performance.now()
        output.note(`so far: ${countsText(progress)}`)
      },
      onNotListed: (key, reason) => {
        output.note(`not in the catalogue: ${key}: ${reason}`)
      },
    })
    output.show(counts, () => countsText(counts))
    return EXIT.succeeded
  },
})

const countsText = ({ archives, unreadable, unfinished, removed }: RebuildCounts): string =>
  [
    `${counted(archives, 'archive')} in the catalogue`,
    `${countText(unreadable)} could not be read`,
    ...(unfinished === 0 ? [] : [`${countText(unfinished)} of cancelled or failed exports`]),
    `${countText(removed)} removed`,
  ].join(', ')
