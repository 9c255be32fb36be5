import { type Archive, ArchiveList } from './schemas.ts'
import { type Loaded, useApi } from './use-api.ts'

const LIMIT = 200

/** Returns the newest archives. */
export const useArchives = (): Loaded<readonly Archive[]> => {
  const { data, ...rest } = useApi(`/_backup/archives?limit=${LIMIT}`, ArchiveList)
  return { ...rest, ...(data === undefined ? {} : { data: data.archives }) }
}
