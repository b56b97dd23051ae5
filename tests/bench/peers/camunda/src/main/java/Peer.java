import com.zaxxer.hikari.HikariDataSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.camunda.bpm.engine.ProcessEngine;
import org.camunda.bpm.engine.RuntimeService;
import org.camunda.bpm.engine.TaskService;
import org.camunda.bpm.engine.delegate.TaskListener;
import org.camunda.bpm.engine.impl.bpmn.behavior.UserTaskActivityBehavior;
import org.camunda.bpm.engine.impl.bpmn.parser.AbstractBpmnParseListener;
import org.camunda.bpm.engine.impl.cfg.StandaloneProcessEngineConfiguration;
import org.camunda.bpm.engine.impl.pvm.process.ActivityImpl;
import org.camunda.bpm.engine.impl.pvm.process.ScopeImpl;
import org.camunda.bpm.engine.impl.util.xml.Element;
import org.camunda.bpm.model.bpmn.Bpmn;
import org.camunda.bpm.model.bpmn.BpmnModelInstance;

/**
 * The work "claim" on Camunda 7, embedded: begin, then A and B, each claimed and completed by a person of a group.
 * That is 5 commands an instance, each a transaction.  Full history, asynchronous jobs off; a listener tells a client
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
    private static final class TaskTold extends AbstractBpmnParseListener {
        @Override
        public void parseUserTask(Element element, ScopeImpl scope, ActivityImpl activity) {
            ((UserTaskActivityBehavior) activity.getActivityBehavior()).getTaskDefinition()
                .addTaskListener(TaskListener.EVENTNAME_CREATE, task -> TASK.set(task.getId()));
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
        configuration.setHistory("full");
        configuration.setJobExecutorActivate(false);
        configuration.setMetricsEnabled(false);
        configuration.setIdBlockSize(1000);
        configuration.setCustomPostBPMNParseListeners(new ArrayList<>(List.of(new TaskTold())));
        return configuration.buildProcessEngine();
    }

    private static void deploy(ProcessEngine engine) {
        BpmnModelInstance model = Bpmn.createExecutableProcess("claim").camundaHistoryTimeToLive(30)
            .startEvent("begin")
            .userTask("A").camundaCandidateGroups("clerks")
            .userTask("B").camundaCandidateGroups("officers")
            .endEvent("end").done();
        engine.getRepositoryService().createDeployment().addModelInstance("claim.bpmn", model).deploy();
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
