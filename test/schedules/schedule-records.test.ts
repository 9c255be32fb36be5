import { useServices } from '../services.ts'
import { scheduleRecordsContract } from './schedule-records.contract.ts'

scheduleRecordsContract(useServices)
