import { services } from '../../shared/runtime/services.ts'
import { checkSchedules, type ScheduleState } from '../../shared/schedules/check-schedules.ts'

/** Once an hour: looks whether every schedule has the archive that it should have by now. */
export const handler = async (): Promise<ScheduleState[]> => checkSchedules(await services())
