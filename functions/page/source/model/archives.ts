import type { Archive } from '../api/schemas.ts'

/** An archive with filters holds a part of the store on purpose. It says nothing about the size of the store. */
export const hasFilters = ({ scope }: Pick<Archive, 'scope'>): boolean => Object.keys(scope?.filters ?? {}).length > 0

/** Returns the number of resources of an archive. */
export const resourcesOf = ({ models }: Pick<Archive, 'models'>): number =>
  Object.values(models).reduce((total, { resources = 0 }) => total + resources, 0)

/** Returns all models of the archives, in alphabetical order. */
export const modelsOf = (archives: readonly Pick<Archive, 'models'>[]): string[] =>
  [...new Set(archives.flatMap(({ models }) => Object.keys(models)))].sort()

/** Returns the newest proof of an archive by a restore. */
export const lastProof = (
  archives: readonly Pick<Archive, 'last_proved'>[],
): NonNullable<Archive['last_proved']> | undefined =>
  archives
    .flatMap(({ last_proved }) => last_proved ?? [])
    .sort((a, b) => b.at.localeCompare(a.at))
    .at(0)

/** Returns the name of the schedule to which an archive belongs. The key of such an archive contains the name. */
export const scheduleOf = (key: string): string | undefined => /^scheduled\/([^/]+)\//.exec(key)?.[1]
