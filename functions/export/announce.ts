import { announceExport } from '../../shared/export/announce.ts'
import { RUN_ONCE } from '../../shared/jobs/messages.ts'
import { judgeScheduledArchive } from '../../shared/schedules/judge-scheduled-archive.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('announce', RUN_ONCE, (input, services) =>
  announceExport(input, services, (schedule, archive) => judgeScheduledArchive(services, schedule, archive)),
)
