import { announceExport } from '../../shared/export/announce.ts'
import { RUN_ONCE } from '../../shared/jobs/messages.ts'
import { judgeScheduledArchive } from '../../shared/schedules/judge-scheduled-archive.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('announce', RUN_ONCE, (input, services) =>
  announceExport(input, services, async (schedule, archive) => {
    try {
      return await judgeScheduledArchive(services, schedule, archive)
    } catch (error) {
      // The archive is complete, so the job must not fail. The next `prune` or `check-schedules` judges it.
      logger.error('an archive could not be judged', { schedule: schedule.name, error })
      return undefined
    }
  }),
)
