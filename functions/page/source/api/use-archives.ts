import { archivesOfJobs } from '../model/archives.ts'
import { type Archive, ArchiveList, JobList } from './schemas.ts'
import { type Loaded, useApi } from './use-api.ts'

const LIMIT = 200

/** Returns the newest archives. A deployment without a catalogue knows them only from the jobs of the last 90 days. */
export const useArchives = (): Loaded<readonly Archive[]> & { readonly isCatalogue: boolean } => {
  const catalogue = useApi(`/_backup/archives?limit=${LIMIT}`, ArchiveList)
  const jobs = useApi(catalogue.isMissing ? `/_backup/jobs?kind=export&limit=${LIMIT}` : undefined, JobList)
  if (!catalogue.isMissing) {
    const { data, ...rest } = catalogue
    return { ...rest, isCatalogue: true, ...(data === undefined ? {} : { data: data.archives }) }
  }
  const { data, ...rest } = jobs
  return { ...rest, isCatalogue: false, ...(data === undefined ? {} : { data: archivesOfJobs(data.jobs) }) }
}
