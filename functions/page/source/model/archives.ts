import type { Archive } from '../api/schemas.ts'
import { plural } from './format.ts'

/** An archive with filters holds a part of the store on purpose. It says nothing about the size of the store. */
export const hasFilters = ({ scope }: Pick<Archive, 'scope'>): boolean => Object.keys(scope?.filters ?? {}).length > 0

/** Returns the number of resources of an archive. */
export const resourcesOf = ({ models }: Pick<Archive, 'models'>): number =>
  Object.values(models).reduce((total, { resources = 0 }) => total + resources, 0)

/** Returns all models of the archives, in alphabetical order. */
export const modelsOf = (archives: readonly Pick<Archive, 'models'>[]): string[] =>
  [...new Set(archives.flatMap(({ models }) => Object.keys(models)))].sort()

/** Returns true if an archive is much smaller than an earlier one, and nobody has confirmed that this is intended. */
export const isSuspicious = ({ suspicious, decision }: Pick<Archive, 'suspicious' | 'decision'>): boolean =>
  suspicious && decision !== 'confirmed'

/** Something that speaks against an archive. */
export interface Concern {
  readonly tone: 'warn' | 'bad'
  readonly text: string
}

/** Returns what the export and the decision of a user say against an archive. */
export const exportConcerns = ({
  complete,
  suspicious,
  decision,
}: Pick<Archive, 'complete' | 'suspicious' | 'decision'>): readonly Concern[] => [
  ...(decision !== undefined && decision !== 'confirmed' ? [{ tone: 'bad', text: decision } as const] : []),
  ...(suspicious && decision === undefined ? [{ tone: 'warn', text: 'suspicious' } as const] : []),
  ...(complete ? [] : [{ tone: 'warn', text: 'not complete' } as const]),
]

/** A check or a restore of an archive. */
export interface Evidence {
  readonly kind: 'checked' | 'check failed' | 'restored'
  readonly at: string
  readonly job_id: string
}

/**
 * Returns what is known about an archive since its export, newest first. A proof reads everything that a check reads,
 * so it replaces earlier checks, also those that failed. The server uses the same rule.
 */
export const evidenceOf = ({
  last_checked: checked,
  last_proved: proved,
}: Pick<Archive, 'last_checked' | 'last_proved'>): readonly Evidence[] => {
  const isCheckNewer = checked !== undefined && (proved === undefined || checked.at >= proved.at)
  return [
    ...(isCheckNewer
      ? [{ kind: checked.passed ? 'checked' : 'check failed', at: checked.at, job_id: checked.job_id } as const]
      : []),
    ...(proved === undefined ? [] : [{ kind: 'restored', at: proved.at, job_id: proved.job_id } as const]),
  ]
}

/** Returns true if the last check of an archive failed, and no later restore proved the archive. */
const hasFailedCheck = (archive: Pick<Archive, 'last_checked' | 'last_proved'>): boolean =>
  evidenceOf(archive)[0]?.kind === 'check failed'

/** Returns everything that speaks against an archive, with the worst first. */
export const concernsOf = (archive: Archive): readonly Concern[] => [
  ...(hasFailedCheck(archive) ? [{ tone: 'bad', text: 'check failed' } as const] : []),
  ...exportConcerns(archive),
]

/** The newest proof of an archive by a restore. */
export interface Proof extends NonNullable<Archive['last_proved']> {
  /** True if a later check of this archive failed. */
  readonly isDamaged: boolean
}

export const lastProof = (archives: readonly Pick<Archive, 'last_proved' | 'last_checked'>[]): Proof | undefined =>
  archives
    .flatMap((archive) =>
      archive.last_proved === undefined ? [] : [{ ...archive.last_proved, isDamaged: hasFailedCheck(archive) }],
    )
    .sort((a, b) => b.at.localeCompare(a.at))
    .at(0)

/** The first page of a list of archives. */
interface FirstPage {
  readonly archives: readonly unknown[]
  readonly cursor?: string | undefined
}

/** Returns true if the list has no archive. A page can be empty although there are further pages. */
export const hasNone = ({ archives, cursor }: FirstPage): boolean => archives.length === 0 && cursor === undefined

/** Returns a text for a fact that no archive of the page shows. Archives of further pages are unknown. */
export const noneIn = ({ archives, cursor }: FirstPage): string => {
  if (cursor === undefined) return 'none yet'
  return archives.length === 0 ? 'unknown' : `none in the last ${plural(archives.length, 'archive')}`
}

/** Returns the name of the schedule to which an archive belongs. The key of such an archive contains the name. */
export const scheduleOf = (key: string): string | undefined => /^scheduled\/([^/]+)\//.exec(key)?.[1]
