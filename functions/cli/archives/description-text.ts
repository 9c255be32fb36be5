import type { Output } from '../terminal/output.ts'
import { list, table } from '../terminal/table.ts'
import { bytesText, counted, countText, timeText } from '../terminal/units.ts'
import type { ArchiveDescription } from './contents/contents.ts'

/** Returns the description of an archive for people. */
export const descriptionText = (output: Output, description: ArchiveDescription): string => {
  const { models, blobs } = description
  const rows = Object.entries(models)
  return [
    list(output, factsOf(output, description)),
    table(
      output,
      [
        { head: 'MODEL', cell: ([model]) => model },
        { head: 'RESOURCES', align: 'right', cell: ([, { resources }]) => countText(resources) },
        { head: 'REVISIONS', align: 'right', cell: ([, { revisions }]) => countText(revisions) },
      ],
      rows,
      'no models',
    ),
    `${counted(blobs.count, 'blob')} (${bytesText(blobs.bytes)})`,
  ].join('\n\n')
}

const factsOf = (output: Output, description: ArchiveDescription): (readonly [string, string])[] => {
  const { format, size, created_at, job_id, deployment, region, filters = {}, proven_manifest } = description
  return [
    ['format', format === 'acbak' ? 'acbak, version 3' : "SpecStar's stream, version 2"],
    ['size', bytesText(size)],
    ...(created_at === undefined ? [] : [['created', timeText(created_at)] as const]),
    ...(job_id === undefined ? [] : [['job', job_id] as const]),
    ...(deployment === undefined ? [] : [['deployment', `${deployment} (${region ?? ''})`] as const]),
    ...(Object.keys(filters).length === 0 ? [] : [['filters', JSON.stringify(filters)] as const]),
    ...(description.complete === undefined ? [] : [['complete', completeText(output, description)] as const]),
    ...(proven_manifest === false
      ? [
          [
            'manifest',
            output.style('yellow', 'without a checksum: the archive was packed again without its trailer'),
          ] as const,
        ]
      : []),
  ]
}

/** Returns `yes`, or `no` and what the archive lacks. */
export const completeText = (
  output: Output,
  { complete, ...lacking }: Pick<ArchiveDescription, 'complete' | 'missing_blobs' | 'left_out'>,
): string => (complete === true ? 'yes' : output.style('yellow', ['no', ...lackingTexts(lacking)].join(', ')))

/** Returns what an archive lacks that is not complete, such as `2 blobs missing`. */
export const lackingTexts = ({
  missing_blobs,
  left_out,
}: Pick<ArchiveDescription, 'missing_blobs' | 'left_out'>): readonly string[] => [
  ...(missing_blobs === 0 ? [] : [`${counted(missing_blobs, 'blob')} missing`]),
  ...(left_out === 0 ? [] : [`${counted(left_out, 'resource')} left out`]),
]
