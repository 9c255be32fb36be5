import type { Output } from '../../terminal/output.ts'
import { printable } from '../../terminal/printable.ts'
import { list, table } from '../../terminal/table.ts'
import { bytesText, counted, countText } from '../../terminal/units.ts'
import { completeText } from '../description-text.ts'
import type { ArchiveVerification, CheckResult } from './verification.ts'

/** The number of findings that are printed. */
const SHOWN_FINDINGS = 20

const PASSED = {
  acbak: 'every byte and every record is sound',
  specstar: 'every record is valid, and every payload and blob matches its hash',
}

/** Returns the result of a verification for people. */
export const verificationText = (output: Output, archive: string, verification: ArchiveVerification): string => {
  const { models, complete } = verification
  const rows = Object.entries(models)
  const counts = table(
    output,
    [
      { head: 'MODEL', cell: ([model]) => model },
      { head: 'RESOURCES', align: 'right', cell: ([, { resources }]) => countText(resources) },
      { head: 'REVISIONS', align: 'right', cell: ([, { revisions }]) => countText(revisions) },
      { head: 'BLOBS', align: 'right', cell: ([, { blobs: own }]) => countText(own) },
    ],
    rows,
    '',
  )
  return [
    list(output, [
      ['archive', archive],
      ['size', bytesText(verification.size)],
      ...(complete === undefined ? [] : [['complete', completeText(output, verification)] as const]),
      ['blobs', blobsText(verification)],
    ]),
    counts,
    checksText(output, verification),
    findingsText(output, verification),
    notesOf(verification).join('\n'),
    verification.passed
      ? output.style('green', passedText(verification))
      : output.style('red', 'Failed: the archive is damaged, or lacks what it does not list as missing'),
  ]
    .filter((text) => text !== '')
    .join('\n\n')
}

const passedText = ({ format = 'acbak', missing_blobs }: ArchiveVerification): string => {
  const missing = `; ${counted(missing_blobs, 'blob')} ${missing_blobs === 1 ? 'is' : 'are'} missing`
  return `Passed: ${PASSED[format]}${missing_blobs === 0 ? '' : missing}`
}

const checksText = (output: Output, { checks }: ArchiveVerification): string =>
  table(
    output,
    [
      { head: 'CHECK', cell: ([name]) => name },
      { head: 'RESULT', cell: ([, check]) => resultText(output, check) },
      { head: 'FINDINGS', align: 'right', cell: ([, { findings_total }]) => countText(findings_total) },
    ],
    Object.entries(checks),
    '',
  )

const resultText = (output: Output, { passed, complete, findings_total }: CheckResult): string => {
  if (passed) return 'passed'
  return complete || findings_total > 0 ? output.style('red', 'failed') : output.style('yellow', 'not complete')
}

/** The blobs are not counted if one of the segments that contain them is damaged. */
const blobsText = ({ blobs, checks }: ArchiveVerification): string =>
  checks.blobs?.complete === false && blobs.count === 0
    ? 'not counted'
    : `${countText(blobs.count)} (${bytesText(blobs.bytes)})`

const findingsText = (output: Output, { findings, checks }: ArchiveVerification): string => {
  if (findings.length === 0) return ''
  const total = Object.values(checks).reduce((sum, { findings_total }) => sum + findings_total, 0)
  const shown = findings.slice(0, SHOWN_FINDINGS)
  return [
    'Findings:',
    ...shown.map(({ check, message, offset }) => {
      const location = offset === undefined ? '' : ` (at byte ${offset} of the archive)`
      return `  ${output.style('yellow', check)}  ${printable(message)}${location}`
    }),
    ...(total > shown.length ? [`  … and ${countText(total - shown.length)} more; --json lists up to 1,000`] : []),
  ].join('\n')
}

const notesOf = ({ format, proven_manifest, accepted, checks }: ArchiveVerification): readonly string[] => [
  ...(proven_manifest === false
    ? ['The archive was packed again without its trailer, so no checksum covers its manifest.']
    : []),
  ...(format === 'specstar'
    ? ["SpecStar's streams have checksums only of payloads and blobs. Damage of metadata can remain unnoticed."]
    : []),
  ...(accepted.length === 0
    ? []
    : [`${counted(accepted.length, 'irregularity').replace(/ys$/, 'ies')} that a restore accepts; --json lists them.`]),
  ...(checks.blobs?.complete === false ? ['Because of the damage, some counts and references were not checked.'] : []),
]
