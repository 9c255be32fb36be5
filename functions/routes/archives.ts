import { byRoute } from '../handlers/by-route.ts'
import { handler as getLatestArchive } from './get-latest-archive.ts'
import { handler as listArchives } from './list-archives.ts'

/** The catalogue of archives. */
export const handler = byRoute({
  'GET /_backup/archives': listArchives,
  'GET /_backup/archives/latest': getLatestArchive,
})
