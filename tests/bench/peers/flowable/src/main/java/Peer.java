import com.zaxxer.hikari.HikariDataSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.flowable.common.engine.api.delegate.event.AbstractFlowableEventListener;
import org.flowable.common.engine.api.delegate.event.FlowableEngineEventType;
import org.flowable.common.engine.api.delegate.event.FlowableEntityEvent;
import org.flowable.common.engine.api.delegate.event.FlowableEvent;
import org.flowable.bpmn.model.BpmnModel;
import org.flowable.bpmn.model.EndEvent;
import org.flowable.bpmn.model.Process;
import org.flowable.bpmn.model.SequenceFlow;
import org.flowable.bpmn.model.StartEvent;
import org.flowable.bpmn.model.UserTask;
import org.flowable.engine.ProcessEngine;
import org.flowable.engine.RuntimeService;
import org.flowable.engine.TaskService;
import org.flowable.engine.impl.cfg.StandaloneProcessEngineConfiguration;
import org.flowable.common.engine.impl.history.HistoryLevel;
import org.flowable.task.api.Task;

/**
 * The work "claim" on Flowable, embedded: begin, then A and B, each claimed and completed by a person of a group.
 * That is 5 commands an instance, each a transaction.  Full history, its asynchronous executor off; a listener tells a client
 * the id of its task, so that it need not ask.
 *
 * <p>Arguments: JDBC address, user, threads, seconds to warm up, seconds to measure.  Prints "measuring", "measured" and
 * "result {…}".
 */
public final class Peer {
    private static final ThreadLocal<String> TASK = new ThreadLocal<>();
    private static final int PEOPLE = 20;

    private final RuntimeService runtime;
    private final TaskService tasks;
    private final LongAdder commands = new LongAdder();
    private final LongAdder instances = new LongAdder();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicReference<RuntimeException> failure = new AtomicReference<>();

    private Peer(ProcessEngine engine) {
        runtime = engine.getRuntimeService();
        tasks = engine.getTaskService();
    }

    /** Tells the thread that began or completed something which task came of it. */
    private static final class TaskTold extends AbstractFlowableEventListener {
        @Override
        public void onEvent(FlowableEvent event) {
            TASK.set(((Task) ((FlowableEntityEvent) event).getEntity()).getId());
        }

        @Override
        public boolean isFailOnException() {
            return true;
        }
    }

    private static ProcessEngine engine(String address, String user, int threads) {
        HikariDataSource source = new HikariDataSource();
        source.setJdbcUrl(address);
        source.setUsername(user);
        source.setMaximumPoolSize(threads + 1);
        StandaloneProcessEngineConfiguration configuration = new StandaloneProcessEngineConfiguration();
        configuration.setDataSource(source);
        configuration.setDatabaseSchemaUpdate("true");
        configuration.setHistoryLevel(HistoryLevel.FULL);
        configuration.setAsyncExecutorActivate(false);
        configuration.setDisableIdmEngine(true);
        configuration.setDisableEventRegistry(true);
        configuration.setIdBlockSize(1000);
        configuration.setTypedEventListeners(Map.of(FlowableEngineEventType.TASK_CREATED.name(), List.of(new TaskTold())));
        return configuration.buildProcessEngine();
    }

    private static UserTask userTask(String id, String group) {
        UserTask task = new UserTask();
        task.setId(id);
        task.setCandidateGroups(List.of(group));
        return task;
    }

    private static void deploy(ProcessEngine engine) {
        Process process = new Process();
        process.setId("claim");
        StartEvent begin = new StartEvent();
        begin.setId("begin");
        EndEvent end = new EndEvent();
        end.setId("end");
        process.addFlowElement(begin);
        process.addFlowElement(userTask("A", "clerks"));
        process.addFlowElement(userTask("B", "officers"));
        process.addFlowElement(end);
        process.addFlowElement(new SequenceFlow("begin", "A"));
        process.addFlowElement(new SequenceFlow("A", "B"));
        process.addFlowElement(new SequenceFlow("B", "end"));
        BpmnModel model = new BpmnModel();
        model.addProcess(process);
        engine.getRepositoryService().createDeployment().addBpmnModel("claim.bpmn20.xml", model).deploy();
    }

    private void step(String person) {
        String task = TASK.get();
        tasks.claim(task, person);
        commands.increment();
        tasks.complete(task);
        commands.increment();
    }

    private void work(int number) {
        try {
            for (int i = number; !stop.get(); i += 7) {
                runtime.startProcessInstanceByKey("claim", "bench/" + i);
                commands.increment();
                step("clerks-" + i % PEOPLE);
                step("officers-" + i * 7L % PEOPLE);
                instances.increment();
            }
        } catch (RuntimeException e) {
            failure.compareAndSet(null, e);
            stop.set(true);
        }
    }

    private void measure(int threads, int warmUp, int length) throws InterruptedException {
        CountDownLatch ended = new CountDownLatch(threads);
        for (int i = 0; i < threads; i++) {
            int number = i;
            new Thread(() -> {
                work(number);
                ended.countDown();
            }).start();
        }
        Thread.sleep(warmUp * 1000L);
        System.out.println("measuring");
        long began = System.nanoTime();
        long before = commands.sum();
        Thread.sleep(length * 1000L);
        double seconds = (System.nanoTime() - began) / 1e9;
        long done = commands.sum() - before;
        System.out.println("measured");
        stop.set(true);
        ended.await();
        if (failure.get() != null) {
            throw failure.get();
        }
        System.out.printf(Locale.ROOT, "result {\"commands_per_s\":%.1f,\"seconds\":%.3f,\"measured_commands\":%d,"
            + "\"completed\":%d}%n", done / seconds, seconds, done, instances.sum());
    }

    public static void main(String[] arguments) throws InterruptedException {
        int threads = Integer.parseInt(arguments[2]);
        ProcessEngine engine = engine(arguments[0], arguments[1], threads);
        deploy(engine);
        new Peer(engine).measure(threads, Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
        System.exit(0);
    }
}
