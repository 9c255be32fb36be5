import { useServices } from '../services.ts'
import { shardRecordsContract } from './shard-records.contract.ts'

shardRecordsContract(useServices)
