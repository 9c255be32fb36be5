import type { IdsWithoutResource } from '../../shared/jobs/job-lists.ts'

/** Returns only the members that list the ids of a request for which nothing was exported or restored. */
export const idsView = ({ not_found, excluded }: IdsWithoutResource): IdsWithoutResource => ({
  ...(not_found === undefined ? {} : { not_found }),
  ...(excluded === undefined ? {} : { excluded }),
})
