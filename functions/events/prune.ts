import { services } from '../../shared/runtime/services.ts'
import { type Pruned, pruneSchedules } from '../../shared/schedules/prune.ts'

/** Once a day: deletes the archives that schedules keep no longer. Gives what it deleted. */
export const handler = async (): Promise<Pruned[]> => pruneSchedules(await services())
