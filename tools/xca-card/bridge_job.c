#include "bridge_job.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bridge_talk.h"
#include "platform.h"

static void wait_a_moment(bridge_desk_t *desk, double seconds) {
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    if (seconds > 1.0 || seconds < 0) {
        seconds = 1.0; /* what a clock that is set cannot make long */
    }
    until.tv_nsec += (long)(seconds * 1e9);
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&desk->changed, &desk->lock, &until);
}

bridge_desk_t *bridge_desk_open(const bridge_side_t *side) {
    bridge_desk_t *desk = calloc(1, sizeof(*desk));

    if (desk == NULL) {
        abort();
    }
    desk->side = side;
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->changed, NULL);
    return desk;
}

/* With the lock. */
static void forget_events(bridge_job_t *job) {
    int i;

    for (i = 0; i < job->event_count; i++) {
        bridge_event_free(&job->events[i]);
    }
    job->event_count = 0;
}

/* The page has gone: it neither waits nor has asked for a while. With the lock. */
static int is_deserted(const bridge_desk_t *desk) {
    const bridge_job_t *job = &desk->job;

    return job->pollers == 0 && platform_clock() - job->last_heard > desk->side->patience;
}

int bridge_job_is_over(bridge_desk_t *desk) {
    if (!desk->job.stopped && (desk->closing || is_deserted(desk))) {
        desk->job.stopped = 1;
    }
    return desk->job.stopped;
}

int bridge_desk_is_over(void *baton) {
    bridge_desk_t *desk = baton;
    int over;

    pthread_mutex_lock(&desk->lock);
    over = bridge_job_is_over(desk);
    pthread_mutex_unlock(&desk->lock);
    return over;
}

bridge_event_t *bridge_job_event(bridge_desk_t *desk, bridge_event_kind kind, text_id text, const char *arg) {
    bridge_job_t *job = &desk->job;
    bridge_event_t *event;

    if (job->event_count >= BRIDGE_EVENTS - (kind != EVENT_FAULT && kind != EVENT_DONE)) {
        return NULL; /* no card makes an operation say so much; the last place is that of the end */
    }
    event = &job->events[job->event_count++];
    memset(event, 0, sizeof(*event));
    event->kind = kind;
    event->text = text;
    if (arg != NULL) {
        event->has_arg = 1;
        bytes_set(&event->arg, arg, strlen(arg));
    }
    pthread_cond_broadcast(&desk->changed);
    return event;
}

fault_t *bridge_job_ask(bridge_desk_t *desk, bridge_reply_t *reply) {
    bridge_job_t *job = &desk->job;
    fault_t *fault = NULL;

    job->question = job->event_count;
    job->is_answered = 0;
    while (!job->is_answered && !bridge_job_is_over(desk)) {
        wait_a_moment(desk, 1.0);
    }
    job->question = 0;
    if (job->is_answered) {
        *reply = job->reply;
    } else {
        fault = fault_make(T_CANCELLED, NULL, "by the page");
    }
    wipe(&job->reply, sizeof(job->reply));
    job->is_answered = 0;
    return fault;
}

/* All or none: half of what was confirmed at once is no result. With the lock. */
static void give_signed(bridge_desk_t *desk, const bridge_signed_t *done) {
    int i, of = desk->job.order.text_count;

    for (i = 0; i < of; i++) {
        bridge_event_t *event = bridge_job_event(desk, EVENT_RESULT, T_NONE, NULL);

        if (event != NULL) {
            event->at = i + 1;
            event->of = of;
            bytes_set(&event->arg, done->cms[i].data, done->cms[i].length);
        }
    }
}

static void end_of_job(bridge_desk_t *desk, fault_t *fault, const bridge_signed_t *done) {
    bridge_job_t *job = &desk->job;
    const talk_t *own = desk->side->helper->talk;

    pthread_mutex_lock(&desk->lock);
    if (fault == NULL) {
        give_signed(desk, done);
    }
    bridge_job_event(desk, fault != NULL ? EVENT_FAULT : EVENT_DONE, fault != NULL ? fault->text : T_NONE,
                     fault != NULL && fault->arg[0] != '\0' ? fault->arg : NULL);
    job->ended = 1;
    pthread_cond_broadcast(&desk->changed);
    pthread_mutex_unlock(&desk->lock);
    own->say(own->baton, fault != NULL ? fault->text : T_BRIDGE_ENDED, fault != NULL ? fault->arg : NULL);
}

/* What was said stays until the page has it, or has gone. */
static void linger(bridge_desk_t *desk) {
    bridge_job_t *job = &desk->job;

    pthread_mutex_lock(&desk->lock);
    while (job->seen < job->event_count && !bridge_job_is_over(desk)) {
        wait_a_moment(desk, 1.0);
    }
    forget_events(job);
    job->is_gone = 1;
    pthread_cond_broadcast(&desk->changed);
    pthread_mutex_unlock(&desk->lock);
}

static void *work(void *baton) {
    bridge_desk_t *desk = baton;
    bridge_job_t *job = &desk->job;
    talk_t talk = bridge_talk(desk);
    helper_t helper = *desk->side->helper;
    bridge_signed_t done;
    fault_t *fault;

    memset(&done, 0, sizeof(done));
    helper.talk = &talk;
    helper.language = job->order.language;
    fault = job->order.operation->run(&helper, desk->side->key, &job->order, &done);
    end_of_job(desk, fault, &done);
    fault_drop(fault);
    bridge_signed_free(&done);
    linger(desk);
    return NULL;
}

/* The thread of a job that has ended is told to linger no more. Returns with the lock. */
static void clear_away(bridge_desk_t *desk) {
    if (!desk->has_thread) {
        return;
    }
    desk->job.stopped = 1;
    pthread_cond_broadcast(&desk->changed);
    while (!desk->job.is_gone) {
        wait_a_moment(desk, 1.0);
    }
    pthread_join(desk->thread, NULL);
    desk->has_thread = 0;
    bridge_order_free(&desk->job.order);
    wipe(&desk->job, sizeof(desk->job));
}

static int start(bridge_desk_t *desk, bridge_order_t *order, const char *origin) {
    const talk_t *own = desk->side->helper->talk;
    bridge_job_t *job = &desk->job;
    unsigned char random[BRIDGE_JOB_ID / 2];
    fault_t *fault = crypto_random(random, sizeof(random));

    fault_drop(fault);
    if (fault != NULL) {
        return 0;
    }
    memset(job, 0, sizeof(*job));
    hex_write(job->id, random, sizeof(random));
    job->order = *order;
    memset(order, 0, sizeof(*order));
    job->last_heard = platform_clock();
    own->say(own->baton, T_BRIDGE_ASKS, origin);
    own->say(own->baton, job->order.operation->words, NULL);
    desk->has_thread = pthread_create(&desk->thread, NULL, work, desk) == 0;
    return desk->has_thread;
}

int bridge_desk_begin(bridge_desk_t *desk, bridge_order_t *order, const char *origin, char id[BRIDGE_JOB_ID + 1],
                      const bridge_operation_t **busy) {
    bridge_job_t *job = &desk->job;
    int begun = 0;

    *busy = NULL;
    pthread_mutex_lock(&desk->lock);
    if (desk->is_beginning || (desk->has_thread && !job->ended)) {
        *busy = job->order.operation;
    } else if (!desk->closing) {
        desk->is_beginning = 1;
        clear_away(desk);
        begun = start(desk, order, origin);
        desk->is_beginning = 0;
    }
    memcpy(id, job->id, BRIDGE_JOB_ID + 1);
    pthread_mutex_unlock(&desk->lock);
    return begun;
}

const bridge_operation_t *bridge_desk_busy(bridge_desk_t *desk) {
    const bridge_operation_t *busy;

    pthread_mutex_lock(&desk->lock);
    busy = desk->has_thread && !desk->job.ended ? desk->job.order.operation : NULL;
    pthread_mutex_unlock(&desk->lock);
    return busy;
}

/* With the lock. */
static int is_job(const bridge_desk_t *desk, const char *id) {
    return desk->has_thread && !desk->job.is_gone && strcmp(desk->job.id, id) == 0;
}

static fault_t *no_job(void) {
    return fault_make(T_BRIDGE_NO_JOB, NULL, "no such job");
}

static void mark_seen(bridge_job_t *job, int after) {
    int i;

    for (i = job->seen; i < after && i < job->event_count; i++) {
        secret_wipe(&job->events[i].secret);
    }
    if (after > job->seen) {
        job->seen = after < job->event_count ? after : job->event_count;
    }
}

fault_t *bridge_desk_events(bridge_desk_t *desk, const char *id, int after, double seconds, language_t language,
                            bytes_t *json) {
    bridge_job_t *job = &desk->job;
    double until = platform_clock() + seconds;
    fault_t *fault = NULL;

    pthread_mutex_lock(&desk->lock);
    if (is_job(desk, id)) {
        job->pollers++;
        mark_seen(job, after);
        pthread_cond_broadcast(&desk->changed);
        while (is_job(desk, id) && !job->ended && !desk->closing && job->event_count <= after &&
               platform_clock() < until) {
            wait_a_moment(desk, until - platform_clock());
        }
    } else {
        fault = no_job();
    }
    if (fault == NULL && is_job(desk, id)) {
        job->pollers--;
        job->last_heard = platform_clock();
        bridge_write_events(json, job->events, after + 1, job->event_count, job->ended, language);
    } else if (fault == NULL) {
        fault = no_job();
    }
    pthread_mutex_unlock(&desk->lock);
    return fault;
}

fault_t *bridge_desk_answer(bridge_desk_t *desk, const char *id, const bridge_reply_t *reply) {
    bridge_job_t *job = &desk->job;
    fault_t *fault = NULL;

    pthread_mutex_lock(&desk->lock);
    if (!is_job(desk, id)) {
        fault = no_job();
    } else if (job->question == 0 || job->question != reply->question || job->is_answered ||
               job->events[job->question - 1].ask != reply->kind) {
        fault = fault_make(T_BRIDGE_NO_QUESTION, NULL, "%d", reply->question);
    } else {
        job->reply = *reply;
        job->is_answered = 1;
        job->last_heard = platform_clock();
        pthread_cond_broadcast(&desk->changed);
    }
    pthread_mutex_unlock(&desk->lock);
    return fault;
}

fault_t *bridge_desk_stop(bridge_desk_t *desk, const char *id) {
    fault_t *fault = NULL;

    pthread_mutex_lock(&desk->lock);
    if (is_job(desk, id)) {
        desk->job.stopped = 1;
        pthread_cond_broadcast(&desk->changed);
    } else {
        fault = no_job();
    }
    pthread_mutex_unlock(&desk->lock);
    return fault;
}

void bridge_desk_stop_all(bridge_desk_t *desk) {
    pthread_mutex_lock(&desk->lock);
    desk->closing = 1;
    pthread_cond_broadcast(&desk->changed);
    pthread_mutex_unlock(&desk->lock);
}

void bridge_desk_close(bridge_desk_t *desk) {
    bridge_desk_stop_all(desk);
    pthread_mutex_lock(&desk->lock);
    clear_away(desk);
    pthread_mutex_unlock(&desk->lock);
    pthread_cond_destroy(&desk->changed);
    pthread_mutex_destroy(&desk->lock);
    wipe(desk, sizeof(*desk));
    free(desk);
}
