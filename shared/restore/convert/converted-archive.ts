import type { Services } from '../../runtime/services.ts'
import type { Converted } from './messages.ts'
import { workKey } from './work-keys.ts'

/** What a job's stream was converted to; undefined where its archive is no stream. */
export const convertedArchive = ({ objects, config }: Services, jobId: string): Promise<Converted | undefined> =>
  objects.getJson<Converted>(config.buckets.work, workKey.converted(jobId))
